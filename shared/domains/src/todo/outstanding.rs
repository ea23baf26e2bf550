//! What is still to be done: the oldest first.

use annals_core::{Listen, Order, Projection, Shows};

use super::{
    Todo,
    todos::{self, todos_and},
};

const TABLES: &str = todos_and!(
    "
            create view outstanding as select * from todos where completed_on is null;
            create index outstanding_in_order on todos (log_order, todo_id) where completed_on is null;
            create index outstanding_by_list on todos (list_id, log_order, todo_id) where completed_on is null;
            create index outstanding_by_stakeholder on todos (stakeholder_email, log_order, todo_id)
                where completed_on is null;
    "
);

const SHOWS: Shows = Shows {
    table: "outstanding",
    columns: todos::OUTSTANDING,
    key: &["todo_id"],
    order: Order::Ascending(&["log_order"]),
    filters: &["list_id", "stakeholder_email"],
};

pub(super) fn outstanding() -> Projection {
    Projection {
        view: "outstanding",
        version: 2,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![Todo::on(todos::project)],
    }
}
