//! A small world: things have names, people are counted. Nothing of it is ever asked by command here.

use annals_core::{
    Catalog, Column, Decider, Domain, Handler, Listen, Order, Projection, Recorded, Shows, Sql,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub enum Event {
    Named { name: String },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub enum Command {
    Name { name: String },
}

#[derive(Debug, Serialize, JsonSchema)]
pub enum Never {}

impl std::fmt::Display for Never {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

impl std::error::Error for Never {}

/// Two categories of the same kind.
macro_rules! category {
    ($decider:ident, $name:literal) => {
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        pub struct $decider;

        impl Decider for $decider {
            const NAME: &'static str = $name;
            const REVISION: u32 = 1;
            type Command = Command;
            type Event = Event;
            type Refusal = Never;

            fn decide(&self, command: Command) -> Result<Vec<Event>, Never> {
                let Command::Name { name } = command;
                Ok(vec![Event::Named { name }])
            }

            fn evolve(self, _: &Event) -> Self {
                self
            }
        }
    };
}
category!(Thing, "thing");
category!(Person, "person");

const TABLES: &str =
    "create table named (id text primary key, name text not null check (name <> 'forbidden'),
    times integer not null)";

pub fn view(view: &'static str, reads: Handler<Sql>) -> Projection {
    let shows = Shows {
        table: "named",
        columns: const { &[Column::id("id"), Column::text("name"), Column::integer("times")] },
        key: &["id"],
        order: Order::Ascending(&["name"]),
        filters: &[],
    };
    Projection { view, version: 1, tables: TABLES, shows, reads: vec![reads] }
}

/// `times` counts how often an event was applied, as no real view would: so that doubling shows.
fn set(id: uuid::Uuid, name: &str) -> Vec<Sql> {
    let text = "insert into named values (?, ?, 1) on conflict do update set name = excluded.name, times = times + 1";
    vec![Sql::new(text).bind(id).bind(name)]
}

fn name(it: &Recorded<Event>) -> Vec<Sql> {
    let Event::Named { name } = &it.event;
    assert_ne!(name, "panic", "this projection has a defect");
    set(it.id, name)
}

/// As `name`, but nothing stops it.
fn forgive(it: &Recorded<Event>) -> Vec<Sql> {
    let Event::Named { name } = &it.event;
    set(it.id, if name == "forbidden" { "allowed" } else { name })
}

/// The views `things` and `people`.
pub fn catalog() -> Catalog {
    of([view("things", Thing::on(name)), view("people", Person::on(name))])
}

/// The same views after a fix: no name is in the way.
pub fn mended() -> Catalog {
    of([view("things", Thing::on(forgive)), view("people", Person::on(name))])
}

/// A release that has another version of `things`, and no `people`.
pub fn newer() -> Catalog {
    let mut things = view("things", Thing::on(name));
    things.version = 2;
    of([things])
}

pub fn of<const N: usize>(views: [Projection; N]) -> Catalog {
    let domain = Domain::of::<Thing>().and::<Person>();
    Catalog::try_new([views.into_iter().fold(domain, Domain::shows)]).unwrap()
}
