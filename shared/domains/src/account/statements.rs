//! Every movement of every account.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Account, Event, movements::Movement};

const SHOWS: Shows = Shows {
    table: "statements",
    columns: &[
        Column::id("account_id"),
        Column::integer("version"),
        Column::text("kind"),
        Column::integer("amount"),
        Column::integer("balance"),
        Column::time("recorded_at"),
    ],
    key: &["account_id", "version"],
    order: Order::Ascending(&["account_id", "version"]),
    filters: &["account_id"],
};

pub(super) fn statements() -> Projection {
    Projection {
        view: "statements",
        version: 2,
        tables: "
            create table statements (
                account_id  text    not null,
                version     integer not null,
                kind        text    not null,
                amount      integer not null,
                balance     integer not null,
                recorded_at text    not null,
                primary key (account_id, version)
            ) strict, without rowid;
        ",
        shows: SHOWS,
        reads: vec![Account::on(project)],
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let row = |Movement { kind, amount, balance }| {
        Sql::new("insert or replace into statements values (?, ?, ?, ?, ?, ?)")
            .bind(it.id)
            .bind(it.version)
            .bind(kind)
            .bind(amount)
            .bind(balance)
            .bind(it.recorded_at)
    };
    it.event.movement().map(row).into_iter().collect()
}
