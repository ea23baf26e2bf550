use tempfile::{TempDir, tempdir};
use uuid::Uuid;

use super::*;
use crate::histories_tests::{fold, stream};

fn account() -> Category {
    annals_domains::catalog().category("account").unwrap().clone()
}

fn id() -> StreamId {
    StreamId::new("account", Uuid::from_u128(1))
}

/// The account after so many commits, as it is when it was folded from the beginning.
fn folded(commits: usize) -> Aggregate {
    let commits = stream(&account(), &vec![vec![(0, 1)]; commits]);
    fold(&account(), Aggregate::blank(&account()), &commits)
}

/// Snapshots as they are found at the start: one, of the account after so many commits.
async fn with_one_after(commits: usize) -> (TempDir, Snapshots, Writer) {
    let directory = tempdir().unwrap();
    let (snapshots, _) = Snapshots::open(directory.path()).await.unwrap();
    snapshots.0.store.keep(&folded(commits).encode(&account(), &id())).await.unwrap();
    snapshots.0.store.close().await;
    drop(snapshots);
    let (snapshots, writer) = Snapshots::open(directory.path()).await.unwrap();
    (directory, snapshots, writer)
}

#[tokio::test]
async fn one_that_comes_too_late_is_no_reason_to_do_without_them() {
    let (_directory, snapshots, _writer) = with_one_after(600).await;
    tokio::time::pause(); // whoever waits for the file has waited too long at once
    for _ in 0..20 {
        let _late = snapshots.find(&account(), &id()).await;
    }
    tokio::time::resume();
    assert_eq!(snapshots.find(&account(), &id()).await.unwrap().version, 600);
}

#[tokio::test]
async fn what_was_folded_from_the_beginning_though_its_snapshot_is_there_needs_no_other_one() {
    let (_directory, snapshots, mut writer) = with_one_after(1000).await;

    let mut aggregate = folded(1499);
    snapshots.offer(&account(), &id(), &mut aggregate);
    assert!(writer.waiting.try_recv().is_err());
    assert_eq!(aggregate.unsaved, 499);

    snapshots.offer(&account(), &id(), &mut folded(1500));
    assert_eq!(writer.waiting.try_recv().unwrap().version, 1500);
    // And one of which the snapshot is too long ago, or of another log.
    snapshots.offer(&account(), &id(), &mut folded(2500));
    assert_eq!(writer.waiting.try_recv().unwrap().version, 2500);
    snapshots.offer(&account(), &id(), &mut folded(700));
    assert_eq!(writer.waiting.try_recv().unwrap().version, 700);
}
