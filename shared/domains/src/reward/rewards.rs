//! What is offered, and how many have it: the oldest first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Reward};

const SHOWS: Shows = Shows {
    table: "rewards",
    columns: &[
        Column::id("reward_id"),
        Column::text("title"),
        Column::text("creator_email"),
        Column::integer("subscribers"),
        Column::integer("log_order").hidden(),
    ],
    key: &["reward_id"],
    order: Order::Ascending(&["log_order"]),
    filters: &[],
};

pub(super) fn rewards() -> Projection {
    Projection {
        view: "rewards",
        version: 2,
        tables: "
            create table rewards (
                reward_id     text    primary key,
                title         text    not null,
                creator_email text    not null,
                subscribers   integer not null,
                log_order     integer not null
            ) strict;
            create index rewards_in_order on rewards (log_order, reward_id);
        ",
        shows: SHOWS,
        reads: vec![Reward::on(project)],
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::RewardOffered { title, creator_email } => {
            Sql::new("insert or replace into rewards values (?, ?, ?, 0, ?)")
                .bind(it.id)
                .bind(title)
                .bind(creator_email)
                .bind(it.order())
        }
        Event::SubscriberJoined { subscribers, .. } | Event::SubscriberLeft { subscribers, .. } => {
            Sql::new("update rewards set subscribers = ? where reward_id = ?").bind(*subscribers).bind(it.id)
        }
    };
    vec![change]
}
