//! The table that three views keep, each in its own file, and of which each shows its part.

use annals_core::{Column, Recorded, Sql};
use uuid::Uuid;

use super::{Amendment, Event};

/// The table, and what one view has beside it. A todo that is given up is gone from it.
macro_rules! todos_and {
    ($beside:literal) => {
        concat!(
            "
            create table todos (
                todo_id           text    primary key,
                title             text    not null,
                description       text,
                due_date          text,
                stakeholder_email text,
                list_id           text,
                log_order         integer not null, -- of its completion if it is complete, else of its addition
                completed_on      text              -- null while it is outstanding
            ) strict;
            ",
            $beside
        )
    };
}
pub(super) use todos_and;

/// What is shown of a todo that is complete.
pub(super) const COMPLETED: &[Column] = &[
    Column::id("todo_id"),
    Column::text("title"),
    Column::text("description"),
    Column::date("due_date"),
    Column::text("stakeholder_email"),
    Column::id("list_id"),
    Column::integer("log_order").hidden(),
    Column::date("completed_on"),
];

/// What is shown of a todo that is outstanding: all but the day of its completion.
pub(super) const OUTSTANDING: &[Column] = COMPLETED.split_at(COMPLETED.len() - 1).0;

pub(super) fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::TodoAdded(item) => Sql::new("insert or replace into todos values (?, ?, ?, ?, ?, ?, ?, null)")
            .bind(it.id)
            .bind(&item.title)
            .bind(item.description.as_ref())
            .bind(item.due_date.as_ref())
            .bind(item.stakeholder_email.as_ref())
            .bind(item.list_id)
            .bind(it.order()),
        Event::TodoAmended(amendment) => return amend(it.id, amendment),
        Event::TodoCompleted { completed_on, .. } => {
            Sql::new("update todos set completed_on = ?, log_order = ? where todo_id = ?")
                .bind(completed_on)
                .bind(it.order())
                .bind(it.id)
        }
        Event::TodoAbandoned { .. } => Sql::new("delete from todos where todo_id = ?").bind(it.id),
        Event::StakeholderNotifiedOfTodoCompletion { .. } => return vec![],
    };
    vec![change]
}

/// One statement for each field that changes.
fn amend(id: Uuid, to: &Amendment) -> Vec<Sql> {
    let title = to.title.as_ref().map(|it| Sql::new("update todos set title = ? where todo_id = ?").bind(it));
    let description = to
        .description
        .new_value()
        .map(|it| Sql::new("update todos set description = ? where todo_id = ?").bind(it));
    let due_date = to
        .due_date
        .new_value()
        .map(|it| Sql::new("update todos set due_date = ? where todo_id = ?").bind(it));
    let stakeholder = to
        .stakeholder_email
        .new_value()
        .map(|it| Sql::new("update todos set stakeholder_email = ? where todo_id = ?").bind(it));
    let changes = [title, description, due_date, stakeholder].into_iter().flatten();
    changes.map(|change| change.bind(id)).collect()
}
