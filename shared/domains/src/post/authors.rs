//! How many posts of everybody who has some can be read.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Post};

/// `posts` is private to the view: from it the number of posts is set, never counted up.
const TABLES: &str = "
    create table posts (
        post_id text primary key,
        author  text not null
    ) strict;
    create index posts_by_author on posts (author);

    create table authors (
        author text    primary key,
        posts  integer not null
    ) strict;
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
    let (author, change) = match &it.event {
        Event::PostPublished { author, .. } => {
            let insert = Sql::new("insert or replace into posts values (?, ?)");
            (author, insert.bind(it.id).bind(author))
        }
        Event::PostDeleted { author } => {
            (author, Sql::new("delete from posts where post_id = ?").bind(it.id))
        }
    };
    let forget = Sql::new("delete from authors where author = ?").bind(author);
    let count =
        Sql::new("insert into authors select author, count(*) from posts where author = ? group by author");
    vec![change, forget, count.bind(author)]
}
