//! Every list, and how many of its todos are outstanding and completed: the oldest list first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};
use uuid::Uuid;

use super::{Event, TodoList};
use crate::todo::{self, Todo};

/// `members` is private to the view: from it the counts are set, never counted up. A todo may be there
/// before its list.
const TABLES: &str = "
    create table todo_lists (
        list_id     text    primary key,
        name        text    not null,
        outstanding integer not null,
        completed   integer not null,
        position    integer not null -- of its creation
    ) strict;
    create index todo_lists_in_order on todo_lists (position, list_id);
    create table members (
        todo_id text    primary key,
        list_id text    not null,
        done    integer not null -- 0 or 1
    ) strict;
    create index members_by_list on members (list_id, done);
";

const SHOWS: Shows = Shows {
    table: "todo_lists",
    columns: &[
        Column::id("list_id"),
        Column::text("name"),
        Column::integer("outstanding"),
        Column::integer("completed"),
        Column::integer("position").hidden(),
    ],
    key: &["list_id"],
    order: Order::Ascending(&["position"]),
    filters: &[],
};

pub(super) fn todo_lists() -> Projection {
    Projection {
        view: "todo-lists",
        version: 1,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![TodoList::on(project), Todo::on(project_todo)],
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    match &it.event {
        Event::TodoListCreated { name, .. } => {
            let created = Sql::new("insert or replace into todo_lists values (?, ?, 0, 0, ?)")
                .bind(it.id)
                .bind(name)
                .bind(it.position);
            vec![created, count(it.id)]
        }
        Event::TodoListRenamed { name } => {
            vec![Sql::new("update todo_lists set name = ? where list_id = ?").bind(name).bind(it.id)]
        }
    }
}

fn project_todo(it: &Recorded<todo::Event>) -> Vec<Sql> {
    let member = |list, done: i64| {
        Sql::new("insert or replace into members values (?, ?, ?)").bind(it.id).bind(list).bind(done)
    };
    let (list, change) = match &it.event {
        &todo::Event::TodoAdded(todo::Item { list_id: Some(list), .. }) => (list, member(list, 0)),
        &todo::Event::TodoCompleted { list_id: Some(list), .. } => (list, member(list, 1)),
        &todo::Event::TodoAbandoned { list_id: Some(list), .. } => {
            (list, Sql::new("delete from members where todo_id = ?").bind(it.id))
        }
        // It is on no list, or stays as it is.
        todo::Event::TodoAdded(_)
        | todo::Event::TodoAmended(_)
        | todo::Event::TodoCompleted { .. }
        | todo::Event::TodoAbandoned { .. }
        | todo::Event::StakeholderNotifiedOfTodoCompletion { .. } => return vec![],
    };
    vec![change, count(list)]
}

/// Sets how many there are, if the list is there.
fn count(list: Uuid) -> Sql {
    Sql::new(
        "
        update todo_lists set
            outstanding = (select count(*) from members where list_id = todo_lists.list_id and done = 0),
            completed = (select count(*) from members where list_id = todo_lists.list_id and done = 1)
        where list_id = ?
        ",
    )
    .bind(list)
}
