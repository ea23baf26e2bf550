//! What was sent to whom, and whether it left: the newest first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Notification};

/// `failures` is private to the view: from it the number of attempts is set, never counted up.
const TABLES: &str = r#"
    create table notifications (
        notification_id text    primary key,
        reactor         text    not null,
        channel         text    not null,
        "to"            text    not null,
        subject         text    not null,
        body            text    not null,
        status          text    not null, -- requested, sent, failed, abandoned
        failures        integer not null,
        attempts        integer not null,
        requested_at    text    not null,
        settled_at      text,
        about_category  text    not null,
        about_id        text    not null,
        log_order       integer not null
    ) strict;
    create index notifications_in_order on notifications (log_order, notification_id);
    create index notifications_by_status on notifications (status, log_order, notification_id);
    create index notifications_by_reactor on notifications (reactor, log_order, notification_id);
    create index notifications_by_recipient on notifications ("to", log_order, notification_id);
"#;

const SHOWS: Shows = Shows {
    table: "notifications",
    columns: &[
        Column::id("notification_id"),
        Column::text("reactor"),
        Column::text("channel"),
        Column::text("to"),
        Column::text("subject"),
        Column::text("body"),
        Column::text("status"),
        Column::integer("attempts"),
        Column::time("requested_at"),
        Column::time("settled_at"),
        Column::text("about_category"),
        Column::id("about_id"),
        Column::integer("log_order").hidden(),
    ],
    key: &["notification_id"],
    order: Order::Descending(&["log_order"]),
    filters: &["status", "reactor", "to"],
};

pub(super) fn notifications() -> Projection {
    Projection {
        view: "notifications",
        version: 3,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![Notification::on(project)],
    }
}

const REQUESTED: &str = "
    insert or replace into notifications values (?, ?, ?, ?, ?, ?, 'requested', 0, 0, ?, null, ?, ?, ?)
";
const SENT: &str = "
    update notifications set status = 'sent', attempts = failures + 1, settled_at = ? where notification_id = ?
";
const FAILED: &str = "
    update notifications set status = 'failed', failures = ?, attempts = ? where notification_id = ?
";
const ABANDONED: &str = "
    update notifications set status = 'abandoned', settled_at = ? where notification_id = ?
";

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::NotificationRequested { reactor, channel, to, subject, body, about } => Sql::new(REQUESTED)
            .bind(it.id)
            .bind(reactor)
            .bind(channel)
            .bind(to)
            .bind(subject.as_str())
            .bind(body.as_str())
            .bind(it.recorded_at)
            .bind(about.category.as_str())
            .bind(about.id)
            .bind(it.order()),
        Event::NotificationSent { .. } => Sql::new(SENT).bind(it.recorded_at).bind(it.id),
        Event::NotificationFailed { attempt, .. } => {
            Sql::new(FAILED).bind(*attempt).bind(*attempt).bind(it.id)
        }
        Event::NotificationAbandoned {} => Sql::new(ABANDONED).bind(it.recorded_at).bind(it.id),
    };
    vec![change]
}
