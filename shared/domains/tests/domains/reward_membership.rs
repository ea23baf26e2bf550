//! What a reward is told of its subscriptions may come twice, be cut short and be overtaken. In the end
//! it is right all the same.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    kit::{History, Order, after, events, reactions},
    reward::{offer, reward},
    subscription::{activate, asked_of_rewards, order, start, subscription},
};

/// Each commit of a history is delivered three times, and one of these deliveries is cut short by a
/// crash before its last command. What each of them asks of rewards, in order.
fn deliveries(history: &History) -> Vec<Vec<Order>> {
    let asked = history.commits.iter().map(|commit| asked_of_rewards(history, commit));
    asked
        .flat_map(|whole| [whole.split_last().map_or(vec![], |(_, cut)| cut.to_vec()), whole.clone(), whole])
        .collect()
}

/// The numbers of the deliveries, each as often as the delivery asks for something: any order of them
/// is an order in which it can be carried out.
fn steps(deliveries: &[Vec<Order>]) -> Vec<usize> {
    let steps = deliveries.iter().enumerate().map(|(number, asked)| vec![number; asked.len()]);
    steps.flatten().collect()
}

/// Two rewards that nobody has heard of yet.
fn offered() -> History {
    let mut history = History::new();
    for number in 1..3 {
        history.accept(&reward(number), "offer", &offer("A song", "dan@example.com"));
    }
    history
}

/// What comes of it when the deliveries are carried out step by step in this order.
fn told(offered: &History, deliveries: &[Vec<Order>], steps: &[usize]) -> History {
    let mut history = History { catalog: offered.catalog.clone(), commits: offered.commits.clone() };
    let mut rest: Vec<_> = deliveries.iter().map(|asked| asked.iter()).collect();
    for step in steps {
        let Order { stream, command, data } = rest[*step].next().unwrap();
        history.give(stream, command, data).unwrap();
    }
    history
}

/// What became of a subscription, by the reward and the subscription.
type Fact = (&'static str, Value, Value);

/// What has to come of these subscriptions.
fn expected(subscriptions: &History) -> HashSet<Fact> {
    let facts = events(subscriptions).filter_map(|(_, stream, kind, data)| {
        let fact = |kind| Some((kind, data["reward_id"].clone(), json!(stream.id)));
        match kind {
            "SubscriptionActivated" => fact("SubscriberJoined"),
            "SubscriptionCancelled" if data["was_active"] == true => fact("SubscriberLeft"),
            _ => None,
        }
    });
    facts.collect()
}

/// What came of it: everybody once, nobody before having joined, and the creator told of each.
fn assert_right(told: &History, expected: &HashSet<Fact>, steps: &[usize]) {
    let mut facts = HashSet::new();
    for (_, stream, kind, data) in events(told) {
        let fact = |kind| (kind, json!(stream.id), data["subscription_id"].clone());
        match kind {
            "RewardOffered" => {}
            "SubscriberJoined" => assert!(facts.insert(fact("SubscriberJoined")), "twice: {steps:?}"),
            "SubscriberLeft" => {
                assert!(facts.contains(&fact("SubscriberJoined")), "left too early: {steps:?}");
                assert!(facts.insert(fact("SubscriberLeft")), "twice: {steps:?}");
            }
            _ => unreachable!("{kind}"),
        }
    }
    assert_eq!(facts, *expected, "{steps:?}");

    let mails: usize = told.commits.iter().map(|commit| reactions(told, commit).len()).sum();
    assert_eq!(mails, facts.iter().filter(|(kind, _, _)| *kind == "SubscriberJoined").count());
}

/// Every order in which these steps can be taken.
fn every_order(steps: &[usize]) -> Vec<Vec<usize>> {
    if steps.is_empty() {
        return vec![vec![]];
    }
    let firsts: BTreeSet<_> = steps.iter().copied().collect();
    let orders = firsts.into_iter().flat_map(|first| {
        let mut rest = steps.to_vec();
        rest.remove(rest.iter().position(|step| *step == first).unwrap());
        every_order(&rest).into_iter().map(move |order| [vec![first], order].concat())
    });
    orders.collect()
}

#[test]
fn a_subscriber_who_leaves_at_once_was_there_once_in_every_order_of_deliveries() {
    let mut history = History::new();
    history.accept(&subscription(1), "start", &start(&reward(1)));
    history.accept(&subscription(1), "activate", &activate());
    history.accept(&subscription(1), "cancel", &json!({}));
    let (offered, deliveries, expected) = (offered(), deliveries(&history), expected(&history));
    assert_eq!(expected.len(), 2);

    let orders = every_order(&steps(&deliveries));

    assert_eq!(orders.len(), 1260); // 7 steps, of which those of one delivery keep their order
    for steps in orders {
        assert_right(&told(&offered, &deliveries, &steps), &expected, &steps);
    }
}

/// Some subscriptions, and an order in which their rewards might be told.
fn confusion() -> impl Strategy<Value = (Vec<Order>, Vec<usize>)> {
    prop::collection::vec(order(), 0..40).prop_flat_map(|orders| {
        let steps = steps(&deliveries(&after(orders.clone())));
        (Just(orders), Just(steps).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rewards_know_who_is_there_however_they_are_told((orders, steps) in confusion()) {
        let history = after(orders);
        let told = told(&offered(), &deliveries(&history), &steps);
        assert_right(&told, &expected(&history), &steps);
    }
}
