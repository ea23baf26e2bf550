//! Everybody who was ever registered, by name.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Name, Person};

const SHOWS: Shows = Shows {
    table: "directory",
    columns: &[
        Column::id("person_id"),
        Column::text("first_name"),
        Column::text("last_name"),
        Column::text("status"),
        Column::integer("version"),
        Column::time("since"),
    ],
    key: &["person_id"],
    order: Order::Ascending(&["last_name", "first_name"]),
    filters: &["status"],
};

pub(super) fn directory() -> Projection {
    Projection {
        view: "directory",
        version: 1,
        tables: "
            create table directory (
                person_id  text    primary key,
                first_name text    not null,
                last_name  text    not null,
                status     text    not null, -- registered, retired
                version    integer not null,
                since      text    not null  -- when it became so
            ) strict;
            create index directory_in_order on directory (last_name, first_name, person_id);
            create index directory_by_status on directory (status, last_name, first_name, person_id);
        ",
        shows: SHOWS,
        reads: vec![Person::on(project)],
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::PersonRegistered(Name { first_name, last_name }) => {
            Sql::new("insert or replace into directory values (?, ?, ?, 'registered', ?, ?)")
                .bind(it.id)
                .bind(first_name)
                .bind(last_name)
                .bind(it.version)
                .bind(it.recorded_at)
        }
        Event::PersonRenamed(Name { first_name, last_name }) => {
            Sql::new("update directory set first_name = ?, last_name = ?, version = ? where person_id = ?")
                .bind(first_name)
                .bind(last_name)
                .bind(it.version)
                .bind(it.id)
        }
        Event::PersonRetired {} => {
            Sql::new("update directory set status = 'retired', version = ?, since = ? where person_id = ?")
                .bind(it.version)
                .bind(it.recorded_at)
                .bind(it.id)
        }
    };
    vec![change]
}
