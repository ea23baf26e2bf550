//! Who may keep views where, and what is found there.

use std::{fs, process};

use annals_core::Catalog;
use annals_sqlite::{Directory, View};
use annals_testkit::eventually;
use uuid::Uuid;

use crate::{
    fixtures::{House, Projector, QUICK, thing},
    things::{catalog, newer},
};

#[tokio::test]
async fn a_second_projector_on_a_directory_is_refused_and_told_who_holds_it() {
    let house = House::new().await;
    let first = house.start(catalog());
    house.has_things(0).await;

    let refusal = house.start(catalog()).refusal().await;

    let holder = format!("in use by another process: {}", process::id());
    assert!(refusal.ends_with(&holder), "{refusal}");
    house.append_things(0..5).await;
    house.has_things(5).await;
    first.stop().await;
}

/// How many things there are in a file that is not open, and whether any was applied twice.
async fn things_in(directory: &Directory, catalog: &Catalog) -> (u64, Vec<String>) {
    let projection = catalog.projection("things").unwrap();
    let view = View::open(directory, projection, Uuid::nil()).await.unwrap(); // it is there

    let (position, page) = view.rows(&[], 500, None).await.unwrap();
    let rows = page.rows.iter().map(|row| row.get().to_owned()).collect();
    view.close().await;
    (position, rows)
}

#[tokio::test]
async fn two_projectors_on_two_directories_are_each_complete() {
    let house = House::new().await;
    house.append_things(0..50).await;
    let directories = ["one", "two"].map(|name| house.root.path().join(name));
    let projectors =
        directories.clone().map(|views| Projector::start(&house.server, views, catalog(), QUICK));
    house.append_things(50..100).await;
    house.has_things(100).await;
    for projector in &projectors {
        eventually("both are ready", async || projector.ready().await.0 == 200).await;
    }
    // The one that answers waits until it is there, and the other one is still given the time.
    for _ in 0..20 {
        house.has_things(100).await;
    }
    for projector in projectors {
        projector.stop().await;
    }

    for path in directories {
        let (position, rows) = things_in(&Directory::open(path).unwrap(), &catalog()).await;
        assert_eq!((position, rows.len()), (100, 100));
        for (number, row) in rows.iter().enumerate() {
            assert!(row.contains(&thing(number)) && row.contains("\"times\":1}"), "{row}");
        }
    }
}

#[tokio::test]
async fn files_of_other_versions_and_of_views_that_are_no_more_are_removed_at_the_start() {
    let house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.has_things(5).await;
    projector.stop().await;
    fs::write(house.file("notes.txt"), "not ours").unwrap();

    let projector = house.start(newer());
    house.has_things(5).await;

    assert!(projector.said().contains("people@1.db, things@1.db"), "{}", projector.said());
    assert!(!house.file("things@1.db").exists() && !house.file("people@1.db").exists());
    assert!(house.file("events@1.db").exists());
    assert!(house.file("things@2.db").exists() && house.file("notes.txt").exists());
    projector.stop().await;
}
