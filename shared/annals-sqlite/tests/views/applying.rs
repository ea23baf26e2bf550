//! Rows and checkpoint change together or not at all.

use std::{fs, path::Path, sync::Arc};

use annals_core::{
    Sql, SqlValue,
    log::{Checkpoint, Head, Read},
};
use annals_sqlite::{Change, Fault, ViewError};
use uuid::Uuid;

use crate::fixtures::{House, LOG, apply, at, column, id, parsed, post, timeline};

#[tokio::test]
async fn a_new_view_stands_before_the_beginning() {
    let house = House::new();
    let view = house.open(&timeline()).await;

    assert_eq!(view.checkpoint().await.unwrap(), Checkpoint::start(LOG));
    assert_eq!(view.log_id().await.unwrap(), LOG);
    assert!(!view.has_reached_end().await.unwrap());
}

#[tokio::test]
async fn the_same_entry_twice_is_harmless() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    for _ in 0..2 {
        apply(&view, &[post(1, "ada", 1), post(2, "bob", 2)], at(5)).await.unwrap();
    }

    assert_eq!(column(&view, "author", &[]).await, ["bob", "ada"]);
    assert_eq!(view.checkpoint().await.unwrap(), at(5));
}

#[tokio::test]
async fn an_entry_that_changes_nothing_moves_the_checkpoint() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[], at(9)).await.unwrap();

    assert_eq!(view.checkpoint().await.unwrap(), at(9));
}

#[tokio::test]
async fn a_foreign_message_moves_the_position_and_not_the_head() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
    let foreign = Read { checkpoint: Checkpoint { position: 2, ..at(1) }, entry: None };
    let change = Change::of(&timeline(), &foreign).unwrap();
    view.apply(&Arc::from([change])).await.unwrap();

    let Checkpoint { position, head } = view.checkpoint().await.unwrap();
    assert_eq!((position, head), (2, at(1).head));
    assert_eq!(view.rows(&[], 10, None).await.unwrap().0, 2);
}

#[tokio::test]
async fn a_view_that_is_rebuilt_for_another_log_begins_at_its_start() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
    let other = Uuid::from_u128(7);

    view.rebuild(other).await.unwrap();

    assert_eq!(view.log_id().await.unwrap(), other);
    assert_eq!(view.checkpoint().await.unwrap().head, Head::start(other));
    assert!(!view.has_reached_end().await.unwrap());
}

#[tokio::test]
async fn a_failure_in_the_middle_leaves_everything_as_it_was() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
    let without_author = Sql::new("insert into posts values (?, null, null, null, '')").bind("2");
    let mut commit: Vec<_> = (10..300).map(|number| post(number, "eve", 0)).collect();
    commit.insert(200, without_author);

    for _ in 0..3 {
        let error = apply(&view, &commit, at(2)).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Request, "{error}");
        assert_eq!(column(&view, "author", &[]).await, ["ada"]);
        assert_eq!(view.checkpoint().await.unwrap(), at(1));
    }
    commit.remove(200);
    apply(&view, &commit, at(2)).await.unwrap();
    assert_eq!(view.checkpoint().await.unwrap(), at(2));
}

#[tokio::test]
async fn a_full_disk_leaves_everything_as_it_was_until_there_is_room() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let commit: Vec<_> = (0..3000).map(|number| post(number, "eve", 0)).collect();
    apply(&view, &[Sql::new("pragma max_page_count = 40")], at(1)).await.unwrap();

    for _ in 0..3 {
        let error = apply(&view, &commit, at(2)).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Surroundings, "{error}");
        assert_eq!(view.checkpoint().await.unwrap(), at(1));
    }
    apply(&view, &[Sql::new("pragma max_page_count = 4000")], at(1)).await.unwrap();
    apply(&view, &commit, at(2)).await.unwrap();
    view.close().await;

    let view = house.open(&timeline()).await;
    assert_eq!(view.checkpoint().await.unwrap(), at(2));
    assert_eq!(column(&view, "author", &[]).await.len(), 500);
}

#[tokio::test]
async fn work_that_is_given_up_is_done_wholly_or_not_at_all() {
    let commit: Vec<_> = (0..300).map(|number| post(number, "eve", 0)).collect();
    let house = House::new();
    let view = house.live(&timeline()).await;
    for patience in 0..12 {
        view.rebuild(LOG).await.unwrap();
        view.mark_reached_end().await.unwrap();
        tokio::select! {
            biased;
            () = async { for _ in 0..patience { tokio::task::yield_now().await } } => {}
            applied = apply(&view, &commit, at(1)) => applied.unwrap(),
        }
        let (position, page) = view.rows(&[], 500, None).await.unwrap();
        assert!([(0, 0), (1, 300)].contains(&(position, page.rows.len())), "{position}, {}", page.rows.len());
    }
    apply(&view, &commit, at(1)).await.unwrap();
    assert_eq!(view.checkpoint().await.unwrap(), at(1));
}

#[tokio::test]
async fn statements_keep_their_order_and_their_own_values() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let mut commit = Vec::new();
    for number in 0..150 {
        commit.push(post(number, "someone", 0));
        commit.push(Sql::new("insert or ignore into authors values ('constant')"));
        commit.push(
            Sql::new("update posts set author = ?, likes = ? where post_id = ?;")
                .bind(format!("author {number}"))
                .bind(i64::try_from(number).unwrap())
                .bind(id(number)),
        );
    }
    apply(&view, &commit, at(1)).await.unwrap();

    for number in [0, 20, 21, 22, 63, 64, 149] {
        let author = column(&view, "author", &[("likes", &number.to_string())]).await;
        assert_eq!(author, [format!("author {number}")]);
    }
}

#[tokio::test]
async fn there_is_no_bound_on_values_in_one_transaction() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let commit: Vec<_> = (0..15_000).map(|number| post(number, "ada", 0)).collect();
    apply(&view, &commit, at(1)).await.unwrap();

    let count = Sql::new("insert into authors select count(*) from posts");
    let shown = Sql::new("update posts set likes = (select max(author) from authors)");
    apply(&view, &[count, shown], at(2)).await.unwrap();
    let (_, row) = view.row(&[id(14_999)]).await.unwrap();
    assert_eq!(parsed(&row.unwrap())["likes"], 15_000);
}

#[tokio::test]
async fn values_must_have_a_place_each() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let bound = |text, count| (0..count).fold(Sql::new(text), |sql, _| sql.bind(SqlValue::Null));
    let statements = [
        bound("insert into authors values (?)", 0),
        bound("insert into authors values (?)", 5),
        bound("insert into authors values ('a')", 1),
    ];
    for statement in statements {
        let count = statement.values.len();
        let error = apply(&view, &[post(1, "ada", 0), statement], at(1)).await.unwrap_err();
        assert!(matches!(error, ViewError::Unbound { values, .. } if values == count), "{error}");
        assert_eq!(error.fault(), Fault::Request);
    }
    assert_eq!(view.checkpoint().await.unwrap().position, 0);
}

#[tokio::test]
async fn a_second_statement_is_not_overlooked() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let two = Sql::new("insert into authors values ('ada'); insert into authors values ('bob')");
    for text in [two, Sql::new("-- nothing")] {
        let error = apply(&view, &[text], at(1)).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Request, "{error}");
    }
    assert_eq!(view.checkpoint().await.unwrap().position, 0);
}

#[tokio::test]
async fn what_was_begun_and_given_up_is_finished_before_anything_else_begins() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let mut other = house.lock("timeline@1.db").await;

    let first = [post(1, "ada", 0)];
    tokio::select! {
        biased;
        _ = apply(&view, &first, at(1)) => panic!("the file is locked"),
        () = std::future::ready(()) => {}
    }
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    apply(&view, &[post(2, "bob", 0)], at(2)).await.unwrap();
    view.close().await;

    let view = house.open(&timeline()).await;
    assert_eq!(view.checkpoint().await.unwrap(), at(2));
    assert_eq!(column(&view, "author", &[]).await.len(), 2);
}

#[tokio::test]
async fn what_many_transactions_leave_in_the_wal_is_moved_into_the_file_while_it_is_open() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let (file, wal) = (house.file("timeline@1.db"), house.file("timeline@1.db-wal"));
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let author = "a".repeat(20_000); // five pages each
    for position in 1..=100 {
        let posts: Vec<_> = (0..100).map(|number| post(number, &author, 0)).collect();
        apply(&view, &posts, at(position)).await.unwrap();
    }

    assert!(length(&file) > 100 * 20_000, "nothing was moved");
    assert!(length(&wal) < 36_000 * 4096, "the WAL has no bound");
    view.close().await;
    assert!(!wal.exists());
    let view = house.open(&timeline()).await;
    assert_eq!(view.checkpoint().await.unwrap(), at(100));
}
