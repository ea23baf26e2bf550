//! How many posts of everybody who has some can be read.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Post};

/// The tables are private to the view. Posts are counted when somebody looks, and then only those of the
/// authors on the page: to count them at each event would take longer with every post of the author.
const TABLES: &str = "
    create table posts (
        post_id text primary key,
        author  text not null
    ) strict;
    create index posts_by_author on posts (author);
    create table people (author text primary key) strict, without rowid;
    create view authors as
        select author, (select count(*) from posts where posts.author = people.author) as posts from people;
";

const SHOWS: Shows = Shows {
    table: "authors",
    columns: &[Column::text("author"), Column::integer("posts")],
    key: &["author"],
    order: Order::Ascending(&["author"]),
    filters: &[],
};

pub(super) fn authors() -> Projection {
    Projection { view: "authors", version: 1, tables: TABLES, shows: SHOWS, reads: vec![Post::on(project)] }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    match &it.event {
        Event::PostPublished { author, .. } => vec![
            Sql::new("insert or replace into posts values (?, ?)").bind(it.id).bind(author),
            Sql::new("insert or ignore into people values (?)").bind(author),
        ],
        Event::PostDeleted { author } => vec![
            Sql::new("delete from posts where post_id = ?").bind(it.id),
            Sql::new("delete from people where author = ? and author not in (select author from posts)")
                .bind(author),
        ],
    }
}
