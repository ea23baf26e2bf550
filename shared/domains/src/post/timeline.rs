//! What everybody can read: the newest first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Post};

const SHOWS: Shows = Shows {
    table: "timeline",
    columns: &[
        Column::id("post_id"),
        Column::text("author"),
        Column::text("content"),
        Column::time("published_at"),
        Column::integer("log_order").hidden(),
    ],
    key: &["post_id"],
    order: Order::Descending(&["log_order"]),
    filters: &["author"],
};

pub(super) fn timeline() -> Projection {
    Projection {
        view: "timeline",
        version: 2,
        tables: "
            create table timeline (
                post_id      text    primary key,
                author       text    not null,
                content      text    not null,
                published_at text    not null,
                log_order    integer not null
            ) strict;
            create index timeline_in_order on timeline (log_order, post_id);
            create index timeline_by_author on timeline (author, log_order, post_id);
        ",
        shows: SHOWS,
        reads: vec![Post::on(project)],
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::PostPublished { author, content } => {
            Sql::new("insert or replace into timeline values (?, ?, ?, ?, ?)")
                .bind(it.id)
                .bind(author)
                .bind(content)
                .bind(it.recorded_at)
                .bind(it.order())
        }
        Event::PostDeleted { .. } => Sql::new("delete from timeline where post_id = ?").bind(it.id),
    };
    vec![change]
}
