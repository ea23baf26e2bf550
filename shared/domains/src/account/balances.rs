//! How much money every open account holds: the oldest first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Account, Event};

const SHOWS: Shows = Shows {
    table: "balances",
    columns: &[
        Column::id("account_id"),
        Column::text("owner_email"),
        Column::integer("balance"),
        Column::integer("version"),
        Column::time("opened_at"),
        Column::integer("log_order").hidden(),
    ],
    key: &["account_id"],
    order: Order::Ascending(&["log_order"]),
    filters: &["owner_email"],
};

pub(super) fn balances() -> Projection {
    Projection {
        view: "balances",
        version: 3,
        tables: "
            create table balances (
                account_id  text    primary key,
                owner_email text    not null,
                balance     integer not null,
                version     integer not null,
                opened_at   text    not null,
                log_order   integer not null
            ) strict;
            create index balances_in_order on balances (log_order, account_id);
            create index balances_by_owner on balances (owner_email, log_order, account_id);
        ",
        shows: SHOWS,
        reads: vec![Account::on(project)],
    }
}

/// Whatever happens to an account raises its version, and some of it its balance.
const GOES_ON: &str = "
    update balances set balance = coalesce(?, balance), version = ? where account_id = ?
";

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::AccountOpened { owner_email } => {
            Sql::new("insert or replace into balances values (?, ?, 0, ?, ?, ?)")
                .bind(it.id)
                .bind(owner_email)
                .bind(it.version)
                .bind(it.recorded_at)
                .bind(it.order())
        }
        Event::AccountClosed {} => Sql::new("delete from balances where account_id = ?").bind(it.id),
        Event::MoneyDeposited { .. }
        | Event::MoneyWithdrawn { .. }
        | Event::TransferDebited { .. }
        | Event::TransferDebitDeclined { .. }
        | Event::TransferCredited { .. }
        | Event::TransferCreditDeclined { .. }
        | Event::TransferSettled { .. }
        | Event::TransferReturned { .. } => Sql::new(GOES_ON)
            .bind(it.event.movement().map(|movement| movement.balance))
            .bind(it.version)
            .bind(it.id),
    };
    vec![change]
}
