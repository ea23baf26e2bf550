//! Notifications: what is shown of them, and what follows.

use annals_core::{Outgoing, StreamId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    account::account,
    kit::{History, notice, reactions, shown, time},
};

#[tokio::test]
async fn notifications_show_how_far_they_came_and_the_newest_comes_first() {
    let mut history = History::new();
    let [sent, abandoned, failed, waiting] = [1, 2, 3, 4].map(|number| {
        let stream = StreamId::new("notification", Uuid::from_u128(number));
        let about = json!({ "category": "account", "id": account(5).id, "event_id": Uuid::nil() });
        let request = json!({
            "reactor": "welcome", "channel": "log", "to": "ada@example.com", "subject": "Welcome",
            "body": "Your account is open.", "about": about,
        });
        history.accept(&stream, "request", &request);
        stream
    });
    for (stream, attempt) in [(&sent, 1), (&abandoned, 1), (&failed, 1), (&abandoned, 2)] {
        history.accept(stream, "record-failed", &json!({ "error": "no route", "attempt": attempt }));
    }
    history.accept(&sent, "record-sent", &json!({ "receipt": "log:1" }));
    history.accept(&abandoned, "abandon", &json!({}));

    let row = |stream: &StreamId, requested: u64, status: &str, attempts, settled: Option<u64>| {
        json!({
            "notification_id": stream.id, "reactor": "welcome", "channel": "log", "to": "ada@example.com",
            "subject": "Welcome", "body": "Your account is open.", "status": status, "attempts": attempts,
            "requested_at": time(requested), "settled_at": settled.map(time),
            "about_category": "account", "about_id": account(5).id,
        })
    };
    assert_eq!(
        shown("notifications", &history).await,
        [
            row(&waiting, 4, "requested", 0, None),
            row(&failed, 3, "failed", 1, None),
            row(&abandoned, 2, "abandoned", 2, Some(10)),
            row(&sent, 1, "sent", 2, Some(9)),
        ]
    );
}

#[test]
fn a_notification_is_delivered_when_it_is_requested() {
    let mut history = History::new();
    let opened = history.accept(&account(1), "open", &json!({ "owner_email": "ada@example.com" }));
    let (stream, data) = notice(&history, &opened);

    let requested = history.accept(&stream, "request", &data);
    let failed = history.accept(&stream, "record-failed", &json!({ "error": "no route", "attempt": 1 }));
    let sent = history.accept(&stream, "record-sent", &json!({ "receipt": "log:1" }));

    assert_eq!(reactions(&history, &requested), [("delivery", Outgoing::Deliver)]);
    assert_eq!(reactions(&history, &failed), []);
    assert_eq!(reactions(&history, &sent), []);
}
