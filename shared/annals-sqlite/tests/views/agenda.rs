//! What is shown may be a view of SQL's, in an order that nobody sees, and a day is a day.

use annals_core::{Column, Order, Position, Projection, Shows, Sql};

use crate::fixtures::{House, LOG, apply, at, column, filters, id, invalid, parsed};

/// Todos that have a day: the soonest first, and of one day the oldest first.
fn agenda() -> Projection {
    Projection {
        view: "agenda",
        version: 1,
        tables: "
            create table todos (todo_id text primary key, due_date text, position integer not null) strict;
            create view agenda as select * from todos where due_date is not null;
            create index agenda_in_order on todos (due_date, position, todo_id) where due_date is not null;
        ",
        shows: Shows {
            table: "agenda",
            columns: const {
                &[Column::integer("position").hidden(), Column::id("todo_id"), Column::date("due_date")]
            },
            key: &["todo_id"],
            order: Order::Ascending(&["due_date", "position"]),
            filters: &["due_date"],
        },
        reads: Vec::new(),
    }
}

fn todo(number: u128, due_date: Option<&str>, position: Position) -> Sql {
    Sql::new("insert or replace into todos values (?, ?, ?)").bind(id(number)).bind(due_date).bind(position)
}

/// In the order of the agenda: 9, 2, 7, 1, 8. Six has no day.
fn todos() -> [Sql; 6] {
    [
        todo(1, Some("2026-12-01"), 3),
        todo(2, Some("2026-11-30"), 20),
        todo(6, None, 1),
        todo(7, Some("2026-12-01"), 2),
        todo(8, Some("2026-12-01"), 10),
        todo(9, Some("2026-11-30"), 4),
    ]
}

#[tokio::test]
async fn a_hidden_column_orders_the_rows_and_is_not_seen() {
    let house = House::new();
    let view = house.live(&agenda()).await;
    apply(&view, &todos(), at(1)).await.unwrap();

    let row = format!(r#"{{"todo_id":"{}","due_date":"2026-11-30"}}"#, id(2));
    assert_eq!(view.row(&[id(2)]).await.unwrap().1.unwrap().get(), row);
    let (_, page) = view.rows(&[], 10, None).await.unwrap();
    assert_eq!(page.rows[1].get(), row);
    assert_eq!(column(&view, "todo_id", &[]).await, [9, 2, 7, 1, 8].map(id));
}

#[tokio::test]
async fn a_cursor_stands_at_a_place_in_a_hidden_order() {
    let house = House::new();
    let view = house.live(&agenda()).await;
    apply(&view, &todos(), at(1)).await.unwrap();

    let (_, first) = view.rows(&[], 3, None).await.unwrap();
    // One goes before the cursor's place and one right behind it; neither moves it.
    apply(&view, &[todo(3, Some("2026-12-01"), 1), todo(4, Some("2026-12-01"), 9)], at(2)).await.unwrap();
    let (_, second) = view.rows(&[], 3, first.next.as_deref()).await.unwrap();

    let ids = |rows: &[Box<serde_json::value::RawValue>]| {
        rows.iter().map(|row| parsed(row)["todo_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first.rows), [9, 2, 7].map(id));
    assert_eq!(ids(&second.rows), [1, 4, 8].map(id));
    assert!(second.next.is_none());
}

#[tokio::test]
async fn a_day_is_compared_as_a_day() {
    let house = House::new();
    let view = house.live(&agenda()).await;
    apply(&view, &todos(), at(1)).await.unwrap();

    assert_eq!(column(&view, "todo_id", &[("due_date", "2026-11-30")]).await, [9, 2].map(id));
    assert_eq!(column(&view, "todo_id", &[("due_date", "2026-11-29")]).await.len(), 0);
    for text in ["", "2026-11-31", "20261130", "2026-11-30T00:00:00Z"] {
        assert_eq!(
            invalid(view.rows(&filters(&[("due_date", text)]), 10, None).await),
            format!("`due_date` must be a day like 2026-11-21, not `{text}`.")
        );
    }
    let hidden = invalid(view.rows(&filters(&[("position", "3")]), 10, None).await);
    assert_eq!(hidden, "`position` is no filter of this view; it has `due_date`.");
}

#[tokio::test]
async fn a_view_that_shows_one_of_sqls_is_built_anew_like_any_other() {
    let house = House::new();
    let view = house.live(&agenda()).await;
    apply(&view, &todos(), at(1)).await.unwrap();

    view.rebuild(LOG).await.unwrap();
    view.mark_reached_end().await.unwrap();

    assert_eq!(column(&view, "todo_id", &[]).await.len(), 0);
    apply(&view, &[todo(1, Some("2026-12-01"), 3)], at(1)).await.unwrap();
    assert_eq!(column(&view, "todo_id", &[]).await, [id(1)]);
}
