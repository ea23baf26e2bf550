use serde_json::json;

use super::*;
use crate::audit::event::Event;

const NOTIFICATION: Uuid = Uuid::from_u128(9);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(kind: &str, subject: Uuid, second: i64, data: &serde_json::Value) -> Event {
    let json = json!({
        "specversion": "1.0", "id": Uuid::from_u128(1), "source": format!("any/{subject}"), "type": kind,
        "time": at(second), "version": 1, "commandid": subject, "data": data,
    });
    serde_json::from_value(json).unwrap()
}

/// What is said of mails about a notification that was open from second 10 until second 20, when
/// something was killed in second 12.
fn violations(mails: &[(i64, bool)]) -> usize {
    let (mut notifications, mut violations) = (Notifications::default(), Violations::default());
    let to = json!({ "owner_email": "ada@example.com" });
    notifications.expect(&event("AccountOpened", Uuid::from_u128(2), 9, &to));
    let about =
        json!({ "to": "ada@example.com", "reactor": "welcome", "about": { "event_id": Uuid::from_u128(1) } });
    notifications.apply(1, &event("NotificationRequested", NOTIFICATION, 10, &about), &mut violations);
    notifications.apply(2, &event("NotificationSent", NOTIFICATION, 20, &json!({})), &mut violations);
    let mails: Vec<_> =
        mails.iter().map(|&(second, again)| Mail { id: NOTIFICATION, at: at(second), again }).collect();
    let killed = Interruption { from: at(12), until: at(12), repeats_mails: true };
    compare(&mails, &notifications, &[killed], &mut violations);
    violations.count
}

#[test]
fn a_mail_may_be_sent_again_if_it_was_open_at_a_kill() {
    assert_eq!(violations(&[(11, false)]), 0);
    assert_eq!(violations(&[(11, false), (14, true)]), 0);
    assert_eq!(violations(&[(14, true)]), 0, "the first one did not live to send it");
}

#[test]
fn a_mail_that_is_missing_needless_or_silent_is_noticed() {
    assert_eq!(violations(&[]), 1);
    assert_eq!(violations(&[(10, false), (11, true)]), 1, "nothing had been killed by then");
    assert_eq!(violations(&[(11, false), (14, false)]), 1, "a repeat says so");
    assert_eq!(violations(&[(11, true)]), 1, "it is no repeat");
}
