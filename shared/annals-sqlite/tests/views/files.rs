//! What is found when a view is opened: kept if it will do, else built anew.

use std::{fs, path::Path};

use annals_core::log::Checkpoint;
use annals_sqlite::View;

use crate::fixtures::{House, LOG, apply, at, column, post, timeline};

type Damage = fn(&Path);

/// A closed view with 500 posts, at position 7.
async fn filled() -> House {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let posts: Vec<_> = (0..500).map(|number| post(number, "ada", 0)).collect();
    apply(&view, &posts, at(7)).await.unwrap();
    view.close().await;
    house
}

async fn assert_built_anew(view: &View) {
    assert_eq!(view.checkpoint().await.unwrap(), Checkpoint::start(LOG));
    assert!(!view.has_reached_end().await.unwrap());
    view.mark_reached_end().await.unwrap();
    assert!(column(view, "author", &[]).await.is_empty());
    apply(view, &[post(1, "eve", 0)], at(1)).await.unwrap();
    assert_eq!(column(view, "author", &[]).await, ["eve"]);
}

#[tokio::test]
async fn a_restart_keeps_rows_and_checkpoint() {
    let house = filled().await;

    let view = house.open(&timeline()).await;

    assert_eq!(view.checkpoint().await.unwrap(), at(7));
    assert!(view.has_reached_end().await.unwrap());
    assert_eq!(column(&view, "author", &[("author", "ada")]).await.len(), 500);
}

#[tokio::test]
async fn a_view_that_was_not_closed_loses_nothing() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[post(1, "ada", 0)], at(7)).await.unwrap();
    let killed = House::new();
    for file in ["timeline@1.db", "timeline@1.db-wal"] {
        fs::copy(house.file(file), killed.file(file)).unwrap();
    }

    let view = killed.open(&timeline()).await;

    assert_eq!(view.checkpoint().await.unwrap(), at(7));
    assert_eq!(column(&view, "author", &[]).await, ["ada"]);
}

#[tokio::test]
async fn a_deleted_file_is_built_anew() {
    let house = filled().await;
    fs::remove_file(house.file("timeline@1.db")).unwrap();
    fs::write(house.file("timeline@1.db-wal"), "left behind").unwrap();

    assert_built_anew(&house.open(&timeline()).await).await;
}

#[tokio::test]
async fn other_tables_under_the_same_version_are_built_anew() {
    let house = filled().await;
    let mut changed = timeline();
    changed.tables = "create table posts (post_id text primary key, author text, [from] text, likes integer,
        published_at text, extra text default 'more')";

    let view = house.open(&changed).await;

    assert_eq!(view.checkpoint().await.unwrap(), Checkpoint::start(LOG));
    assert!(!view.has_reached_end().await.unwrap());
}

#[tokio::test]
async fn a_file_that_is_no_sound_database_is_built_anew() {
    let half = |path: &Path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    let scribbled = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8192].fill(0xa5);
        fs::write(path, bytes).unwrap();
    };
    let damages: [(&str, Damage); 5] = [
        ("empty", |path| fs::write(path, "").unwrap()),
        ("a text", |path| fs::write(path, "not a database at all, ".repeat(1000)).unwrap()),
        ("zeros", |path| fs::write(path, vec![0; 65536]).unwrap()),
        ("cut in half", half),
        ("scribbled over", scribbled),
    ];
    for (name, damage) in damages {
        println!("{name}");
        let house = filled().await;
        damage(&house.file("timeline@1.db"));

        assert_built_anew(&house.open(&timeline()).await).await;
    }
}
