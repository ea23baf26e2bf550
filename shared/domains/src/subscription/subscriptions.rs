//! Who has subscribed to what, and how far that came: the oldest first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Subscription};

const TABLES: &str = "
    create table subscriptions (
        subscription_id  text    primary key,
        reward_id        text    not null,
        subscriber_email text    not null,
        status           text    not null, -- pending, active, cancelled
        started_at       text    not null,
        activated_at     text,
        log_order        integer not null
    ) strict;
    create index subscriptions_in_order on subscriptions (log_order, subscription_id);
    create index subscriptions_by_reward on subscriptions (reward_id, log_order, subscription_id);
    create index subscriptions_by_status on subscriptions (status, log_order, subscription_id);
";

const SHOWS: Shows = Shows {
    table: "subscriptions",
    columns: &[
        Column::id("subscription_id"),
        Column::id("reward_id"),
        Column::text("subscriber_email"),
        Column::text("status"),
        Column::time("started_at"),
        Column::time("activated_at"),
        Column::integer("log_order").hidden(),
    ],
    key: &["subscription_id"],
    order: Order::Ascending(&["log_order"]),
    filters: &["reward_id", "status"],
};

pub(super) fn subscriptions() -> Projection {
    Projection {
        view: "subscriptions",
        version: 2,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![Subscription::on(project)],
    }
}

const STARTED: &str = "insert or replace into subscriptions values (?, ?, ?, 'pending', ?, null, ?)";
const ACTIVATED: &str = "
    update subscriptions set status = 'active', activated_at = ? where subscription_id = ?
";
const CANCELLED: &str = "update subscriptions set status = 'cancelled' where subscription_id = ?";

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::SubscriptionStarted { reward_id, subscriber_email } => Sql::new(STARTED)
            .bind(it.id)
            .bind(*reward_id)
            .bind(subscriber_email)
            .bind(it.recorded_at)
            .bind(it.order()),
        Event::SubscriptionActivated { .. } => Sql::new(ACTIVATED).bind(it.recorded_at).bind(it.id),
        Event::SubscriptionCancelled { .. } => Sql::new(CANCELLED).bind(it.id),
    };
    vec![change]
}
