use annals_core::testing::Story;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn email() -> Email {
    "cleo@example.com".parse().unwrap()
}

fn title() -> Text {
    "A postcard".parse().unwrap()
}

fn subscription(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn offer() -> Command {
    Command::Offer { title: title(), creator_email: email() }
}

fn join(number: u128) -> Command {
    Command::RecordSubscriber { subscription_id: subscription(number) }
}

fn leave(number: u128) -> Command {
    Command::RecordLeaver { subscription_id: subscription(number) }
}

fn offered() -> Event {
    Event::RewardOffered { title: title(), creator_email: email() }
}

fn joined(number: u128, subscribers: u64) -> Event {
    Event::SubscriberJoined { subscription_id: subscription(number), creator_email: email(), subscribers }
}

fn left(number: u128, subscribers: u64) -> Event {
    Event::SubscriberLeft { subscription_id: subscription(number), subscribers }
}

#[test]
fn a_reward_is_offered_once() {
    Reward::given([]).when(offer()).then([offered()]);
    Reward::given([offered()]).when(offer()).refused(Refusal::AlreadyOffered);
}

#[test]
fn subscribers_come_and_go_and_are_counted() {
    Reward::given([offered()]).when(join(1)).then([joined(1, 1)]);
    Reward::given([offered(), joined(1, 1)]).when(join(2)).then([joined(2, 2)]);
    Reward::given([offered(), joined(1, 1), joined(2, 2)]).when(leave(1)).then([left(1, 1)]);
    Reward::given([offered(), joined(1, 1), left(1, 0)]).when(join(2)).then([joined(2, 1)]);
}

#[test]
fn what_is_not_offered_has_no_subscribers() {
    Reward::given([]).when(join(1)).refused(Refusal::NotOffered);
    Reward::given([]).when(leave(1)).nothing();
}

#[test]
fn a_subscription_joins_once_ever() {
    Reward::given([offered(), joined(1, 1)]).when(join(1)).nothing();
    Reward::given([offered(), joined(1, 1), left(1, 0)]).when(join(1)).nothing();
}

#[test]
fn only_who_is_there_can_leave() {
    Reward::given([offered(), joined(1, 1)]).when(leave(2)).nothing();
    Reward::given([offered(), joined(1, 1), left(1, 0)]).when(leave(1)).nothing();
}

#[test]
fn people_read_the_state_as_json() {
    let shown = |history: &[Event]| serde_json::to_value(Reward::given(history.to_vec()).state()).unwrap();

    assert_eq!(shown(&[]), json!({ "status": "unoffered" }));
    assert_eq!(
        shown(&[offered(), joined(1, 1), joined(2, 2), left(1, 1)]),
        json!({
            "status": "offered", "title": "A postcard", "creator_email": "cleo@example.com",
            "subscribers": [subscription(2)], "leavers": [subscription(1)],
        })
    );
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => Just(offer()),
        6 => (1_u128..6).prop_map(join),
        4 => (1_u128..6).prop_map(leave),
    ]
}

proptest! {
    #[test]
    fn everybody_joins_at_most_once_and_leaves_at_most_once_after_that(
        commands in prop::collection::vec(any_command(), 0..60),
    ) {
        let (mut reward, mut history) = (Reward::default(), Vec::new());
        let (mut ever, mut present) = (BTreeSet::new(), BTreeSet::new());
        for command in commands {
            for event in reward.decide(command).unwrap_or_default() {
                let counted = match &event {
                    Event::RewardOffered { .. } => 0,
                    Event::SubscriberJoined { subscription_id, subscribers, .. } => {
                        prop_assert!(ever.insert(*subscription_id));
                        present.insert(*subscription_id);
                        *subscribers
                    }
                    Event::SubscriberLeft { subscription_id, subscribers } => {
                        prop_assert!(present.remove(subscription_id));
                        *subscribers
                    }
                };
                prop_assert_eq!(counted, present.len() as u64);
                reward = reward.evolve(&event);
                history.push(event);
            }
        }
        prop_assert_eq!(Reward::given(history).state(), reward);
    }
}
