//! Subscriptions: what is shown of them, and what follows.

use annals_core::{Outgoing, StoredCommit, StreamId};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    kit::{History, Order, after, events, reactions, rows, shown, time},
    reward::reward,
};

pub fn subscription(number: u128) -> StreamId {
    StreamId::new("subscription", Uuid::from_u128(number))
}

pub fn start(of: &StreamId) -> Value {
    json!({ "reward_id": of.id, "subscriber_email": "ada@example.com" })
}

pub fn activate() -> Value {
    json!({ "stripe_key": "sub_1" })
}

/// One of each status, and one that was never active; the last one is to another reward.
fn subscriptions() -> History {
    let mut history = History::new();
    for (number, of) in [(4, 1), (3, 1), (2, 1), (1, 2)] {
        history.accept(&subscription(number), "start", &start(&reward(of)));
    }
    history.accept(&subscription(3), "activate", &activate());
    history.accept(&subscription(2), "activate", &activate());
    history.accept(&subscription(2), "cancel", &json!({ "reason": "too many postcards" }));
    history.accept(&subscription(1), "cancel", &json!({}));
    history
}

fn row(number: u128, of: u128, status: &str, started: u64, activated: Option<u64>) -> Value {
    json!({
        "subscription_id": subscription(number).id, "reward_id": reward(of).id,
        "subscriber_email": "ada@example.com", "status": status, "started_at": time(started),
        "activated_at": activated.map(time),
    })
}

#[tokio::test]
async fn subscriptions_show_how_far_they_came_and_the_oldest_comes_first() {
    assert_eq!(
        shown("subscriptions", &subscriptions()).await,
        [
            row(4, 1, "pending", 1, None),
            row(3, 1, "active", 2, Some(5)),
            row(2, 1, "cancelled", 3, Some(6)),
            row(1, 2, "cancelled", 4, None),
        ]
    );
}

#[tokio::test]
async fn subscriptions_are_found_by_reward_and_status() {
    let history = subscriptions();
    let once: Vec<_> = history.commits.iter().collect();
    let first_reward = reward(1).id.to_string();

    let of_reward = rows("subscriptions", &once, &[("reward_id", &first_reward)]).await;
    let cancelled = rows("subscriptions", &once, &[("status", "cancelled")]).await;
    let both = rows("subscriptions", &once, &[("reward_id", &first_reward), ("status", "cancelled")]).await;

    assert_eq!(of_reward.len(), 3);
    assert_eq!(cancelled, [row(2, 1, "cancelled", 3, Some(6)), row(1, 2, "cancelled", 4, None)]);
    assert_eq!(both, [row(2, 1, "cancelled", 3, Some(6))]);
}

/// What is asked of rewards about a commit, and whether that can be asked.
pub fn asked_of_rewards(history: &History, commit: &StoredCommit) -> Vec<Order> {
    let orders = reactions(history, commit).into_iter().filter_map(|(reactor, outgoing)| {
        let Outgoing::Command { stream, command, data, .. } = outgoing else { panic!("not a command") };
        history.catalog.category(&stream.category).unwrap().check(&command, &data).unwrap();
        let command = match command.as_str() {
            "record-subscriber" => "record-subscriber",
            "record-leaver" => "record-leaver",
            _ => return None,
        };
        assert_eq!(reactor, "reward-membership");
        Some(Order { stream, command, data })
    });
    orders.collect()
}

fn in_words(orders: &[Order]) -> Vec<(&'static str, &StreamId, &Value)> {
    orders.iter().map(|order| (order.command, &order.stream, &order.data)).collect()
}

#[test]
fn an_activation_is_confirmed_and_the_reward_is_told() {
    let history = subscriptions();
    let activated = &history.commits[4];

    let notices: Vec<_> = reactions(&history, activated)
        .into_iter()
        .filter_map(|(reactor, outgoing)| match outgoing {
            Outgoing::Command { command, data, .. } if command == "request" => Some((reactor, data)),
            Outgoing::Command { .. } | Outgoing::Deliver => None,
        })
        .collect();
    let [("subscription-confirmation", data)] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(data["to"], "ada@example.com");
    assert!(data["body"].as_str().unwrap().contains(&subscription(3).id.to_string()));
    assert_eq!(data["about"]["event_id"], json!(activated.commit.events[0].id));

    let member = json!({ "subscription_id": subscription(3).id });
    assert_eq!(
        in_words(&asked_of_rewards(&history, activated)),
        [("record-subscriber", &reward(1), &member)]
    );
}

#[test]
fn whoever_leaves_is_made_to_join_first() {
    let history = subscriptions();
    let cancelled = &history.commits[6];

    let member = json!({ "subscription_id": subscription(2).id });
    assert_eq!(
        in_words(&asked_of_rewards(&history, cancelled)),
        [("record-subscriber", &reward(1), &member), ("record-leaver", &reward(1), &member)]
    );
    assert_eq!(reactions(&history, cancelled).len(), 2);
}

#[test]
fn a_reward_hears_nothing_of_a_subscription_that_was_never_active() {
    let history = subscriptions();
    assert_eq!(reactions(&history, &history.commits[0]), []);
    assert_eq!(reactions(&history, &history.commits[7]), []);
}

/// Commands for a few subscriptions to a few rewards.
pub fn order() -> impl Strategy<Value = Order> {
    let command = prop_oneof![
        3 => (1_u128..3).prop_map(|number| ("start", start(&reward(number)))),
        3 => Just(("activate", activate())),
        1 => Just(("cancel", json!({}))),
    ];
    (1_u128..6, command).prop_map(|(number, (command, data))| Order {
        stream: subscription(number),
        command,
        data,
    })
}

/// Every subscription in the order of the starts: its reward, its status, when that began.
fn subscriptions_by_hand(history: &History) -> Vec<Value> {
    let mut shown: Vec<Value> = Vec::new();
    for (position, stream, kind, data) in events(history) {
        let Some(row) = shown.iter_mut().find(|row| row["subscription_id"] == json!(stream.id)) else {
            assert_eq!(kind, "SubscriptionStarted");
            shown.push(json!({
                "subscription_id": stream.id, "reward_id": data["reward_id"],
                "subscriber_email": data["subscriber_email"], "status": "pending",
                "started_at": time(position), "activated_at": null,
            }));
            continue;
        };
        match kind {
            "SubscriptionActivated" => {
                row["status"] = json!("active");
                row["activated_at"] = json!(time(position));
            }
            "SubscriptionCancelled" => {
                assert_eq!(data["was_active"], row["status"] == "active");
                row["status"] = json!("cancelled");
            }
            _ => unreachable!("{kind}"),
        }
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn subscriptions_are_what_reading_the_log_gives(orders in prop::collection::vec(order(), 0..60)) {
        let history = after(orders);
        let once: Vec<_> = history.commits.iter().collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let by_hand = subscriptions_by_hand(&history);
        prop_assert_eq!(&runtime.block_on(rows("subscriptions", &once, &[])), &by_hand);

        let active: Vec<_> = by_hand.into_iter().filter(|row| row["status"] == "active").collect();
        prop_assert_eq!(runtime.block_on(rows("subscriptions", &once, &[("status", "active")])), active);
    }
}
