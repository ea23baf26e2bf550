//! Rewards: what is shown of them, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use annals_core::StreamId;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{History, Order, after, events, notice, reactions, rows, shown};

pub fn reward(number: u128) -> StreamId {
    StreamId::new("reward", Uuid::from_u128(0x100 + number))
}

pub fn offer(title: &str, creator: &str) -> Value {
    json!({ "title": title, "creator_email": creator })
}

fn member(number: u128) -> Value {
    json!({ "subscription_id": Uuid::from_u128(number) })
}

/// Of two rewards the one has two subscribers, of whom one left again, and the other one nobody yet.
fn fair() -> History {
    let mut history = History::new();
    history.accept(&reward(2), "offer", &offer("A postcard", "cleo@example.com"));
    history.accept(&reward(1), "offer", &offer("A song", "dan@example.com"));
    history.accept(&reward(2), "record-subscriber", &member(1));
    history.accept(&reward(2), "record-subscriber", &member(2));
    history.accept(&reward(2), "record-leaver", &member(1));
    history
}

#[tokio::test]
async fn rewards_count_who_is_there_and_the_oldest_comes_first() {
    let row = |stream: StreamId, title: &str, creator: &str, subscribers: u64| {
        json!({
            "reward_id": stream.id, "title": title, "creator_email": creator, "subscribers": subscribers,
        })
    };

    assert_eq!(
        shown("rewards", &fair()).await,
        [row(reward(2), "A postcard", "cleo@example.com", 1), row(reward(1), "A song", "dan@example.com", 0),]
    );
}

#[test]
fn the_creator_hears_of_a_new_subscriber() {
    let history = fair();
    let joined = &history.commits[3];

    let (_, data) = notice(&history, joined);

    assert_eq!((&data["reactor"], &data["to"]), (&json!("new-subscriber"), &json!("cleo@example.com")));
    let body = data["body"].as_str().unwrap();
    assert!(body.contains(&Uuid::from_u128(2).to_string()) && body.contains("It has 2 now."), "{body}");
    let event_id = joined.commit.events[0].id;
    assert_eq!(data["about"], json!({ "category": "reward", "id": reward(2).id, "event_id": event_id }));
}

#[test]
fn nobody_hears_of_an_offer_or_of_a_leaver() {
    let history = fair();
    assert_eq!(reactions(&history, &history.commits[0]), []);
    assert_eq!(reactions(&history, &history.commits[4]), []);
}

fn order() -> impl Strategy<Value = Order> {
    let command = prop_oneof![
        1 => Just(("offer", offer("A song", "dan@example.com"))),
        4 => (1_u128..6).prop_map(|number| ("record-subscriber", member(number))),
        3 => (1_u128..6).prop_map(|number| ("record-leaver", member(number))),
    ];
    (1_u128..4, command).prop_map(|(number, (command, data))| Order { stream: reward(number), command, data })
}

/// Every reward in the order of the offers, with those who are there.
fn rewards_by_hand(history: &History) -> Vec<(String, usize)> {
    let mut offered = Vec::new();
    let mut present: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, stream, kind, data) in events(history) {
        let there = present.entry(stream.id.to_string()).or_default();
        match kind {
            "RewardOffered" => offered.push(stream.id.to_string()),
            "SubscriberJoined" => assert!(there.insert(data["subscription_id"].to_string())),
            "SubscriberLeft" => assert!(there.remove(&data["subscription_id"].to_string())),
            _ => unreachable!("{kind}"),
        }
    }
    offered.into_iter().map(|id| (id.clone(), present[&id].len())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn rewards_are_what_counting_heads_gives(orders in prop::collection::vec(order(), 0..60)) {
        let history = after(orders);
        let once: Vec<_> = history.commits.iter().collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shown = runtime.block_on(rows("rewards", &once, &[]));
        let row = |row: &Value| {
            let subscribers = usize::try_from(row["subscribers"].as_u64().unwrap()).unwrap();
            (row["reward_id"].as_str().unwrap().to_owned(), subscribers)
        };
        prop_assert_eq!(shown.iter().map(row).collect::<Vec<_>>(), rewards_by_hand(&history));
    }
}
