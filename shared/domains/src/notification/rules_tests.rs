use annals_core::testing::Story;
use serde_json::json;

use super::*;

fn about() -> About {
    About { category: "account".into(), id: Uuid::from_u128(1), event_id: Uuid::from_u128(2) }
}

fn text(text: &str) -> Text {
    text.parse().unwrap()
}

fn request() -> Command {
    Command::Request {
        reactor: text("welcome"),
        channel: text("log"),
        to: text("ada@example.com"),
        subject: "Welcome".into(),
        body: "Your account is open.".into(),
        about: about(),
    }
}

fn record_sent() -> Command {
    Command::RecordSent { receipt: "log:1".into() }
}

fn record_failed(attempt: u64) -> Command {
    Command::RecordFailed { error: "no route".into(), attempt }
}

fn requested() -> Event {
    Event::NotificationRequested {
        reactor: text("welcome"),
        channel: text("log"),
        to: text("ada@example.com"),
        subject: "Welcome".into(),
        body: "Your account is open.".into(),
        about: about(),
    }
}

fn sent() -> Event {
    Event::NotificationSent { receipt: "log:1".into(), reactor: text("welcome"), about: about() }
}

fn failed(attempt: u64) -> Event {
    Event::NotificationFailed { error: "no route".into(), attempt }
}

fn abandoned() -> Event {
    Event::NotificationAbandoned {}
}

#[test]
fn asking_twice_is_one_notification() {
    Notification::given([]).when(request()).then([requested()]);
    for history in [vec![], vec![failed(1)], vec![sent()], vec![abandoned()]] {
        Notification::given([requested()].into_iter().chain(history)).when(request()).nothing();
    }
}

#[test]
fn what_was_never_requested_has_no_outcome() {
    for command in [record_sent(), record_failed(1), Command::Abandon {}] {
        Notification::given([]).when(command).refused(Refusal::NotRequested);
    }
}

#[test]
fn a_request_comes_to_an_outcome() {
    for history in [vec![requested()], vec![requested(), failed(1)]] {
        Notification::given(history.clone()).when(record_sent()).then([sent()]);
        Notification::given(history.clone()).when(record_failed(2)).then([failed(2)]);
        Notification::given(history).when(Command::Abandon {}).then([abandoned()]);
    }
}

#[test]
fn an_attempt_fails_once() {
    let history = || [requested(), failed(1), failed(2)];

    for attempt in [0, 1, 2] {
        Notification::given(history()).when(record_failed(attempt)).nothing();
    }
    Notification::given(history()).when(record_failed(3)).then([failed(3)]);
}

#[test]
fn what_is_settled_stays_settled() {
    for outcome in [sent(), abandoned()] {
        for command in [record_sent(), record_failed(9), Command::Abandon {}] {
            Notification::given([requested(), outcome.clone()]).when(command).nothing();
        }
    }
}

#[test]
fn the_state_says_what_is_left_to_be_done() {
    let shown = |events: Vec<Event>| serde_json::to_value(Notification::given(events).state()).unwrap();

    assert_eq!(shown(vec![]), json!({ "status": "unrequested" }));
    assert_eq!(
        shown(vec![requested(), failed(1)]),
        json!({
            "status": "requested", "attempts": 1, "reactor": "welcome", "channel": "log",
            "to": "ada@example.com", "subject": "Welcome", "body": "Your account is open.", "about": about(),
        })
    );
    let brief = |events| {
        let state = shown(events);
        (state["status"].clone(), state["attempts"].clone())
    };
    assert_eq!(brief(vec![requested(), failed(1), sent()]), (json!("sent"), json!(2)));
    assert_eq!(brief(vec![requested(), failed(1), abandoned()]), (json!("abandoned"), json!(1)));
}
