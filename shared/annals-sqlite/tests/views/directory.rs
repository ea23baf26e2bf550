//! The directory: one holder, one name.

use std::{fs, process};

use annals_sqlite::{Directory, DirectoryError};
use tempfile::TempDir;

use crate::fixtures::{House, timeline};

#[test]
fn a_second_opener_is_told_who_holds_it() {
    let house = House::new();

    let error = Directory::open(house.root.path().join("views")).unwrap_err();

    assert!(matches!(&error, DirectoryError::Held { .. }), "{error}");
    assert!(error.to_string().ends_with(&format!("views is in use by another process: {}", process::id())));
}

#[test]
fn the_copy_id_stays_until_the_directory_is_deleted() {
    let root = TempDir::new().unwrap();
    let path = root.path().join("deep").join("views");
    let copy = || Directory::open(&path).unwrap().copy().to_owned();

    let first = copy();
    assert_eq!(first.len(), 32);
    assert_eq!(copy(), first);

    fs::remove_dir_all(&path).unwrap();
    assert_ne!(copy(), first);
}

#[test]
fn a_copy_id_that_cannot_be_read_is_drawn_anew() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("copy"), "").unwrap();

    let copy = Directory::open(root.path()).unwrap().copy().to_owned();

    assert_eq!(copy.len(), 32);
    assert_eq!(Directory::open(root.path()).unwrap().copy(), copy);
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("views"), "").unwrap();

    let error = Directory::open(root.path().join("views")).unwrap_err();

    assert!(matches!(error, DirectoryError::Unusable { .. }), "{error}");
}

#[tokio::test]
async fn each_view_and_version_has_its_own_file() {
    let house = House::new();
    let mut newer = timeline();
    newer.version = 2;
    house.live(&timeline()).await;
    house.live(&newer).await;

    assert!(house.file("timeline@1.db").exists());
    assert!(house.file("timeline@2.db").exists());
}

#[tokio::test]
async fn what_is_no_longer_kept_is_removed_and_what_is_not_ours_stays() {
    let house = House::new();
    let mut newer = timeline();
    newer.version = 2;
    house.live(&newer).await.close().await;
    let others = ["gone@1.db", "timeline@1.db", "timeline@1.db-wal", "timeline@1.db-shm"];
    let not_ours = ["notes.db", "timeline@old.db", "Timeline@1.db", "timeline@1.db.bak", "@1.db"];
    for name in others.iter().chain(&not_ours) {
        fs::write(house.file(name), "kept by hand").unwrap();
    }

    house.directory.tidy([&newer]).unwrap();

    assert!(house.file("timeline@2.db").exists() && house.file("copy").exists());
    for name in others {
        assert!(!house.file(name).exists(), "{name} is no longer kept");
    }
    for name in not_ours {
        assert!(house.file(name).exists(), "{name} is not ours");
    }
}
