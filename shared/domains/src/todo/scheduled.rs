//! What is to be done by some day: the soonest first, and of one day the oldest first.

use annals_core::{Listen, Order, Projection, Shows};

use super::{
    Todo,
    todos::{self, todos_and},
};

const TABLES: &str = todos_and!(
    "
            create view scheduled as select * from todos where completed_on is null and due_date is not null;
            create index scheduled_in_order on todos (due_date, log_order, todo_id)
                where completed_on is null and due_date is not null;
            create index scheduled_by_list on todos (list_id, due_date, log_order, todo_id)
                where completed_on is null and due_date is not null;
            create index scheduled_by_stakeholder on todos (stakeholder_email, due_date, log_order, todo_id)
                where completed_on is null and due_date is not null;
    "
);

const SHOWS: Shows = Shows {
    table: "scheduled",
    columns: todos::OUTSTANDING,
    key: &["todo_id"],
    order: Order::Ascending(&["due_date", "log_order"]),
    filters: &["due_date", "list_id", "stakeholder_email"],
};

pub(super) fn scheduled() -> Projection {
    Projection {
        view: "scheduled",
        version: 2,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![Todo::on(todos::project)],
    }
}
