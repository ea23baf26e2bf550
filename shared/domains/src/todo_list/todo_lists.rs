//! Every list, and how many of its todos are outstanding and completed: the oldest list first.

use annals_core::{Column, Listen, Order, Projection, Recorded, Shows, Sql};
use uuid::Uuid;

use super::{Event, TodoList};
use crate::todo::{self, Todo};

/// `members` is private to the view. From it the members are counted when somebody looks: to count them
/// at each event would take longer with every todo on the list. A todo may be there before its list.
const TABLES: &str = "
    create table lists (
        list_id   text    primary key,
        name      text    not null,
        log_order integer not null -- of its creation
    ) strict;
    create index lists_in_order on lists (log_order, list_id);
    create table members (
        todo_id text    primary key,
        list_id text    not null,
        done    integer not null -- 0 or 1
    ) strict;
    create index members_by_list on members (list_id, done);
    create view todo_lists as select
        list_id,
        name,
        (select count(*) from members where members.list_id = lists.list_id and done = 0) as outstanding,
        (select count(*) from members where members.list_id = lists.list_id and done = 1) as completed,
        log_order
    from lists;
";

const SHOWS: Shows = Shows {
    table: "todo_lists",
    columns: &[
        Column::id("list_id"),
        Column::text("name"),
        Column::integer("outstanding"),
        Column::integer("completed"),
        Column::integer("log_order").hidden(),
    ],
    key: &["list_id"],
    order: Order::Ascending(&["log_order"]),
    filters: &[],
};

pub(super) fn todo_lists() -> Projection {
    Projection {
        view: "todo-lists",
        version: 2,
        tables: TABLES,
        shows: SHOWS,
        reads: vec![TodoList::on(project), Todo::on(project_todo)],
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    let change = match &it.event {
        Event::TodoListCreated { name, .. } => {
            Sql::new("insert or replace into lists values (?, ?, ?)").bind(it.id).bind(name).bind(it.order())
        }
        Event::TodoListRenamed { name } => {
            Sql::new("update lists set name = ? where list_id = ?").bind(name).bind(it.id)
        }
    };
    vec![change]
}

fn project_todo(it: &Recorded<todo::Event>) -> Vec<Sql> {
    match it.event {
        todo::Event::TodoAdded(todo::Item { list_id: Some(list), .. }) => vec![member(it.id, list, false)],
        todo::Event::TodoCompleted { list_id: Some(list), .. } => vec![member(it.id, list, true)],
        todo::Event::TodoAbandoned { list_id: Some(_), .. } => {
            vec![Sql::new("delete from members where todo_id = ?").bind(it.id)]
        }
        // It is on no list, or stays as it is.
        todo::Event::TodoAdded(_)
        | todo::Event::TodoAmended(_)
        | todo::Event::TodoCompleted { .. }
        | todo::Event::TodoAbandoned { .. }
        | todo::Event::StakeholderNotifiedOfTodoCompletion { .. } => vec![],
    }
}

fn member(todo: Uuid, list: Uuid, done: bool) -> Sql {
    Sql::new("insert or replace into members values (?, ?, ?)").bind(todo).bind(list).bind(i64::from(done))
}
