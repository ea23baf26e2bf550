//! Snapshots against real files.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{fs, path::Path};

use annals_core::StreamId;
use annals_sqlite::{DirectoryError, Snapshot, SnapshotError, Snapshots};
use uuid::Uuid;

fn account(id: u128) -> StreamId {
    StreamId::new("account", Uuid::from_u128(id))
}

fn snapshot(id: u128, position: u64) -> Snapshot {
    let body = format!("state at {position}").into_bytes();
    Snapshot { stream: account(id), revision: 2, version: position + 1, position, body }
}

async fn holds(directory: &Path, kept: &Snapshot) -> bool {
    let snapshots = Snapshots::open(directory).await.unwrap();
    let found = snapshots.find(&kept.stream, kept.revision).await.unwrap();
    snapshots.close().await;
    found.as_ref() == Some(kept)
}

/// A directory that holds one snapshot, and nobody is in it.
async fn with(kept: &Snapshot) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    snapshots.keep(kept).await.unwrap();
    snapshots.close().await;
    folder
}

#[tokio::test]
async fn the_last_snapshot_of_a_stream_outlives_the_process() {
    let folder = with(&snapshot(1, 500)).await;
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    snapshots.keep(&snapshot(1, 1000)).await.unwrap();
    snapshots.keep(&snapshot(2, 700)).await.unwrap();
    snapshots.close().await;
    drop(snapshots);

    assert!(holds(folder.path(), &snapshot(1, 1000)).await);
    assert!(holds(folder.path(), &snapshot(2, 700)).await);
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    let ends = [(1, 1000), (2, 700)].map(|(id, position)| ((account(id), 2), position));
    assert_eq!(snapshots.ends().await.unwrap(), ends.into());
}

#[tokio::test]
async fn another_revision_and_another_category_are_other_snapshots() {
    let folder = with(&snapshot(1, 500)).await;
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    assert_eq!(snapshots.find(&account(1), 3).await.unwrap(), None);
    let elsewhere = StreamId::new("transfer", Uuid::from_u128(1));
    assert_eq!(snapshots.find(&elsewhere, 2).await.unwrap(), None);
}

#[tokio::test]
async fn the_directory_belongs_to_one_process() {
    let folder = with(&snapshot(1, 500)).await;
    let first = Snapshots::open(folder.path()).await.unwrap();
    let second = Snapshots::open(folder.path()).await;
    let Err(SnapshotError::Directory(DirectoryError::Held { holder, .. })) = second else {
        panic!("two have it");
    };
    assert_eq!(holder, std::process::id().to_string());
    drop(first);
    assert!(holds(folder.path(), &snapshot(1, 500)).await);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_thrown_away() {
    let kept = snapshot(1, 500);
    let folder = with(&kept).await;
    fs::write(folder.path().join("snapshots.db"), "no database at all, whatever it is called").unwrap();

    assert!(!holds(folder.path(), &kept).await);
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    snapshots.keep(&kept).await.unwrap();
    snapshots.close().await;
    drop(snapshots);
    assert!(holds(folder.path(), &kept).await);
}

#[tokio::test]
async fn a_file_of_which_only_the_first_page_is_sound_is_thrown_away() {
    let kept = snapshot(1, 500);
    let folder = with(&kept).await;
    let path = folder.path().join("snapshots.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x2a); // the table is made as it should be, and what is in it cannot be read
    fs::write(&path, bytes).unwrap();

    assert!(!holds(folder.path(), &kept).await);
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    assert_eq!(snapshots.ends().await.unwrap(), [].into());
    snapshots.keep(&kept).await.unwrap();
    snapshots.close().await;
    drop(snapshots);
    assert!(holds(folder.path(), &kept).await);
}

#[tokio::test]
async fn a_bit_that_was_flipped_is_noticed() {
    let kept = snapshot(1, 500);
    let folder = with(&kept).await;
    let path = folder.path().join("snapshots.db");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(kept.body.len()).position(|it| it == kept.body).unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();

    assert!(!holds(folder.path(), &kept).await);
}

#[tokio::test]
async fn a_file_that_is_deleted_while_it_is_open_is_no_harm() {
    let folder = with(&snapshot(1, 500)).await;
    let snapshots = Snapshots::open(folder.path()).await.unwrap();
    snapshots.discard().unwrap();

    // Whether it goes on is SQLite's affair; what it says is true, or an error.
    let kept = snapshots.keep(&snapshot(1, 1000)).await;
    let found = snapshots.find(&account(1), 2).await;
    assert!(kept.is_err() || found.is_err() || found.unwrap() == Some(snapshot(1, 1000)));
    snapshots.close().await;
    drop(snapshots);
    assert!(!holds(folder.path(), &snapshot(1, 1000)).await);
}
