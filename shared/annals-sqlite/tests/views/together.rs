//! Readers, a writer and a rebuild, all at the same time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use annals_core::Sql;
use annals_sqlite::{View, ViewError};
use tokio::task::JoinSet;

use crate::fixtures::{House, LOG, apply, at, id, parsed, post, timeline};

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_position_are_from_the_same_moment() {
    let house = House::new();
    let view = Arc::new(house.live(&timeline()).await);
    apply(&view, &[post(1, "1", 0), post(2, "1", 0)], at(1)).await.unwrap();
    let finished = Arc::new(AtomicBool::new(false));

    let mut readers = JoinSet::new();
    for _ in 0..6 {
        let (view, finished) = (Arc::clone(&view), Arc::clone(&finished));
        readers.spawn(async move {
            while !finished.load(Ordering::Relaxed) {
                let (position, page) = view.rows(&[], 10, None).await.unwrap();
                let expected = position.to_string();
                assert!(page.rows.iter().all(|row| parsed(row)["author"] == expected), "{:?}", page.rows);
                let (position, row) = view.row(&[id(2)]).await.unwrap();
                assert_eq!(parsed(&row.unwrap())["author"], position.to_string());
            }
        });
    }
    for position in 2..400 {
        let text = position.to_string();
        apply(&view, &[post(1, &text, 0), post(2, &text, 0)], at(position)).await.unwrap();
    }
    finished.store(true, Ordering::Relaxed);
    readers.join_all().await;
}

#[tokio::test]
async fn a_view_that_has_not_reached_the_end_shows_nothing() {
    let house = House::new();
    let view = house.open(&timeline()).await;
    apply(&view, &[post(1, "ada", 0)], at(1)).await.unwrap();

    assert!(matches!(view.row(&[id(1)]).await, Err(ViewError::Building)));
    assert!(matches!(view.rows(&[], 10, None).await, Err(ViewError::Building)));
    assert!(matches!(view.row(&[]).await, Err(ViewError::Invalid(_))), "a bad question stays one");

    view.mark_reached_end().await.unwrap();
    assert!(view.row(&[id(1)]).await.unwrap().1.is_some());
}

async fn fill(view: &View) {
    let posts: Vec<_> = (0..100).map(|number| post(number, "ada", 0)).collect();
    apply(view, &posts, at(1)).await.unwrap();
    apply(view, &[Sql::new("insert or ignore into authors values ('ada')")], at(2)).await.unwrap();
    view.mark_reached_end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_all_or_nothing_of_a_rebuild() {
    let house = House::new();
    let view = Arc::new(house.open(&timeline()).await);
    fill(&view).await;
    let finished = Arc::new(AtomicBool::new(false));

    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (view, finished) = (Arc::clone(&view), Arc::clone(&finished));
        readers.spawn(async move {
            while !finished.load(Ordering::Relaxed) {
                match view.rows(&[], 500, None).await {
                    Ok((position, page)) => assert_eq!((position, page.rows.len()), (2, 100)),
                    Err(ViewError::Building) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
    }
    for _ in 0..30 {
        view.rebuild(LOG).await.unwrap();
        assert_eq!(view.checkpoint().await.unwrap().position, 0);
        assert!(!view.has_reached_end().await.unwrap());
        fill(&view).await;
    }
    finished.store(true, Ordering::Relaxed);
    readers.join_all().await;
}
