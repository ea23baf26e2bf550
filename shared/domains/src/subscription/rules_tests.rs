use annals_core::testing::Story;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const REWARD: Uuid = Uuid::from_u128(7);

fn email() -> Email {
    "ada@example.com".parse().unwrap()
}

fn key() -> Text {
    "sub_1".parse().unwrap()
}

fn start() -> Command {
    Command::Start { reward_id: REWARD, subscriber_email: email() }
}

fn activate() -> Command {
    Command::Activate { stripe_key: key() }
}

fn cancel() -> Command {
    Command::Cancel { reason: None }
}

fn started() -> Event {
    Event::SubscriptionStarted { reward_id: REWARD, subscriber_email: email() }
}

fn activated() -> Event {
    Event::SubscriptionActivated { stripe_key: key(), reward_id: REWARD, subscriber_email: email() }
}

fn cancelled(was_active: bool) -> Event {
    Event::SubscriptionCancelled { reason: None, reward_id: REWARD, was_active }
}

#[test]
fn a_subscription_is_started_once() {
    Subscription::given([]).when(start()).then([started()]);
    for history in [vec![started()], vec![started(), activated()], vec![started(), cancelled(false)]] {
        Subscription::given(history).when(start()).refused(Refusal::AlreadyStarted);
    }
}

#[test]
fn a_payment_activates_once() {
    Subscription::given([started()]).when(activate()).then([activated()]);
    Subscription::given([started(), activated()]).when(activate()).nothing();
    let another = Command::Activate { stripe_key: "sub_2".parse().unwrap() };
    Subscription::given([started(), activated()]).when(another).nothing();
}

#[test]
fn what_was_never_started_can_neither_be_activated_nor_cancelled() {
    Subscription::given([]).when(activate()).refused(Refusal::NotStarted);
    Subscription::given([]).when(cancel()).refused(Refusal::NotStarted);
}

#[test]
fn a_cancellation_says_whether_the_subscription_was_active() {
    Subscription::given([started()]).when(cancel()).then([cancelled(false)]);
    Subscription::given([started(), activated()]).when(cancel()).then([cancelled(true)]);
}

#[test]
fn a_reason_is_kept() {
    let reason: Option<Text> = Some("too many postcards".parse().unwrap());
    Subscription::given([started()])
        .when(Command::Cancel { reason: reason.clone() })
        .then([Event::SubscriptionCancelled { reason, reward_id: REWARD, was_active: false }]);
}

#[test]
fn a_cancelled_subscription_stays_cancelled() {
    for history in [vec![started(), cancelled(false)], vec![started(), activated(), cancelled(true)]] {
        Subscription::given(history.clone()).when(cancel()).nothing();
        Subscription::given(history).when(activate()).refused(Refusal::Cancelled);
    }
}

#[test]
fn people_read_the_state_as_json() {
    let shown =
        |history: &[Event]| serde_json::to_value(Subscription::given(history.to_vec()).state()).unwrap();
    let state = |status: &str| json!({ "status": status, "reward_id": REWARD, "subscriber_email": "ada@example.com" });

    assert_eq!(shown(&[]), json!({ "status": "unstarted" }));
    assert_eq!(shown(&[started()]), state("pending"));
    assert_eq!(shown(&[started(), activated()]), state("active"));
    assert_eq!(shown(&[started(), activated(), cancelled(true)]), state("cancelled"));
}

#[test]
fn a_reason_that_is_not_given_is_not_there() {
    assert_eq!(serde_json::to_value(cancel()).unwrap(), json!({ "cancel": {} }));
    for json in [json!({ "cancel": {} }), json!({ "cancel": { "reason": null } })] {
        assert_eq!(serde_json::from_value::<Command>(json).unwrap(), cancel());
    }
}

proptest! {
    #[test]
    fn whatever_is_asked_a_subscription_is_activated_at_most_once_and_never_after_its_end(
        commands in prop::collection::vec(prop::sample::select(vec![start(), activate(), cancel()]), 0..20),
    ) {
        let (mut subscription, mut history) = (Subscription::default(), Vec::new());
        for command in commands {
            for event in subscription.decide(command).unwrap_or_default() {
                subscription = subscription.evolve(&event);
                history.push(event);
            }
        }
        let whole = [started(), activated(), cancelled(true)];
        let unpaid = [started(), cancelled(false)];
        prop_assert!(whole.starts_with(&history) || unpaid.starts_with(&history), "{:?}", history);
        prop_assert_eq!(Subscription::given(history).state(), subscription);
    }
}
