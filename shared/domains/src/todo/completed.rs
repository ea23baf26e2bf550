//! What has been done, in that order.

use annals_core::{Listen, Order, Projection, Shows};

use super::{
    Todo,
    todos::{self, todos_and},
};

const TABLES: &str = todos_and!(
    "
            create view completed as select * from todos where completed_on is not null;
            create index completed_in_order on todos (log_order, todo_id) where completed_on is not null;
            create index completed_by_list on todos (list_id, log_order, todo_id) where completed_on is not null;
            create index completed_by_stakeholder on todos (stakeholder_email, log_order, todo_id)
                where completed_on is not null;
    "
);

const SHOWS: Shows = Shows {
    table: "completed",
    columns: todos::COMPLETED,
    key: &["todo_id"],
    order: Order::Ascending(&["log_order"]),
    filters: &["list_id", "stakeholder_email"],
};

pub(super) fn completed() -> Projection {
    Projection {
        view: "completed",
        version: 2,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![Todo::on(todos::project)],
    }
}
