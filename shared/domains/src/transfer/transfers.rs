//! How far every transfer came: the newest first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};

use super::{Event, Transfer};

const TABLES: &str = r#"
    create table transfers (
        transfer_id  text    primary key,
        "from"       text    not null,
        "to"         text    not null,
        amount       integer not null,
        status       text    not null, -- pending, completed, refused
        reason       text,
        requested_at text    not null,
        settled_at   text,
        log_order    integer not null
    ) strict;
    create index transfers_in_order on transfers (log_order, transfer_id);
    create index transfers_by_status on transfers (status, log_order, transfer_id);
    create index transfers_by_payer on transfers ("from", log_order, transfer_id);
    create index transfers_by_payee on transfers ("to", log_order, transfer_id);
"#;

const SHOWS: Shows = Shows {
    table: "transfers",
    columns: &[
        Column::id("transfer_id"),
        Column::id("from"),
        Column::id("to"),
        Column::integer("amount"),
        Column::text("status"),
        Column::text("reason"),
        Column::time("requested_at"),
        Column::time("settled_at"),
        Column::integer("log_order").hidden(),
    ],
    key: &["transfer_id"],
    order: Order::Descending(&["log_order"]),
    filters: &["status", "from", "to"],
};

pub(super) fn transfers() -> Projection {
    Projection {
        view: "transfers",
        version: 2,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![Transfer::on(project)],
    }
}

const REQUESTED: &str = "
    insert or replace into transfers values (?, ?, ?, ?, 'pending', null, ?, null, ?)
";
const ENDED: &str = "
    update transfers set status = ?, reason = ?, settled_at = ? where transfer_id = ?
";

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let ended = |status, reason: Option<_>| {
        vec![Sql::new(ENDED).bind(status).bind(reason).bind(it.recorded_at).bind(it.id)]
    };
    match it.event {
        Event::TransferRequested { from, to, amount } => vec![
            Sql::new(REQUESTED)
                .bind(it.id)
                .bind(from)
                .bind(to)
                .bind(amount)
                .bind(it.recorded_at)
                .bind(it.order()),
        ],
        Event::DebitRecorded { .. } | Event::CreditDeclineRecorded { .. } => vec![], // it is pending still
        Event::TransferCompleted { .. } => ended("completed", None),
        Event::TransferRefused { reason } => ended("refused", Some(reason)),
    }
}
