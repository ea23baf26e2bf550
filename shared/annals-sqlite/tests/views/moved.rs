//! Files that change under an open view.

use std::fs;

use annals_core::Projection;
use annals_sqlite::{Fault, View, ViewError};

use crate::fixtures::{House, apply, at, column, post, timeline};

async fn opened_again(house: &House, view: View, projection: &Projection) -> View {
    view.close().await;
    house.open(projection).await
}

#[tokio::test]
async fn a_file_that_was_deleted_or_replaced_is_not_written_to() {
    for part in ["timeline@1.db", "timeline@1.db-wal", "timeline@1.db-shm"] {
        let house = House::new();
        let view = house.live(&timeline()).await;
        apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
        view.verify_identity().unwrap();

        let original = house.file(part);
        fs::copy(&original, house.file("other")).unwrap();
        fs::remove_file(&original).unwrap();
        let deleted = apply(&view, &[post(2, "bob", 2)], at(2)).await.unwrap_err();
        assert!(matches!(deleted, ViewError::FileReplaced), "{part}: {deleted}");

        fs::rename(house.file("other"), &original).unwrap();
        let replaced = apply(&view, &[post(2, "bob", 2)], at(2)).await.unwrap_err();
        assert!(matches!(replaced, ViewError::FileReplaced), "{part}: {replaced}");
        assert_eq!(replaced.fault(), Fault::File);
    }
}

#[tokio::test]
async fn a_view_that_was_deleted_while_it_was_open_begins_anew_when_it_is_opened_again() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
    for part in ["timeline@1.db", "timeline@1.db-wal", "timeline@1.db-shm"] {
        fs::remove_file(house.file(part)).unwrap();
    }

    let view = opened_again(&house, view, &timeline()).await;

    assert_eq!(view.checkpoint().await.unwrap().position, 0);
    apply(&view, &[post(2, "eve", 0)], at(1)).await.unwrap();
    view.mark_reached_end().await.unwrap();
    assert_eq!(column(&view, "author", &[]).await, ["eve"]);
}

#[tokio::test]
async fn a_file_that_is_scribbled_over_while_it_is_open_is_found_out_and_begins_anew() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
    let view = opened_again(&house, view, &timeline()).await; // so that all of it is in the file itself
    let path = house.file("timeline@1.db");
    fs::write(&path, vec![0xa5; usize::try_from(fs::metadata(&path).unwrap().len()).unwrap()]).unwrap();

    let mut read = view.rows(&[], 10, None).await;
    for position in 2.. {
        let Ok(_) = read else { break };
        assert!(position < 100, "nobody notices");
        // What was read is remembered until something changes.
        read = match apply(&view, &[post(2, "bob", 2)], at(position)).await {
            Ok(()) => view.rows(&[], 10, None).await,
            Err(error) => Err(error),
        };
    }
    let error = read.unwrap_err();
    assert_eq!(error.fault(), Fault::File, "{error}");

    let view = opened_again(&house, view, &timeline()).await;
    assert_eq!(view.checkpoint().await.unwrap().position, 0);
}

#[tokio::test]
async fn a_lock_of_somebody_else_is_no_fault_of_the_file() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let mut other = house.lock("timeline@1.db").await;

    let error = apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap_err();
    assert_eq!(error.fault(), Fault::Surroundings, "{error}");

    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    apply(&view, &[post(1, "ada", 1)], at(1)).await.unwrap();
    assert_eq!(column(&view, "author", &[]).await, ["ada"]);
}
