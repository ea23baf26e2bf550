//! Views in real files. However often commits are delivered, the rows are the same.

use std::sync::Arc;

use annals_core::{
    StoredCommit,
    log::{Checkpoint, Entry, Hash, Head, Read},
};
use annals_sqlite::{Change, Directory, View};
use serde_json::Value;
use uuid::Uuid;

use super::History;

/// The rows of a view after these deliveries, of which some may be repeats.
pub async fn rows(view: &str, deliveries: &[&StoredCommit], filters: &[(&str, &str)]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let catalog = annals_domains::catalog();
    let projection = catalog.projection(view).unwrap();
    let view = View::open(&directory, projection, Uuid::nil()).await.unwrap();
    for stored in deliveries {
        view.apply(&Arc::from([Change::of(projection, &read(stored)).unwrap()])).await.unwrap();
    }
    view.mark_reached_end().await.unwrap();

    let filters: Vec<_> = filters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (_, page) = view.rows(&filters, 500, None).await.unwrap();
    view.close().await;
    page.rows.iter().map(|row| serde_json::from_str(row.get()).unwrap()).collect()
}

/// A commit as the only one of an entry.
fn read(stored: &StoredCommit) -> Read {
    let (position, hash) = (stored.position, Hash::from_bytes([0; 32]));
    let checkpoint = Checkpoint { position, head: Head { position, hash } };
    let entry = Entry { position, hash, commits: vec![stored.clone()], bytes: 0 };
    Read { checkpoint, entry: Some(Arc::new(entry)) }
}

/// All of it as if it stood in one entry.
fn in_one_entry(commits: &[&StoredCommit]) -> Vec<StoredCommit> {
    let mut places = 0..;
    let moved = commits.iter().map(|stored| {
        let places: Vec<_> = places.by_ref().take(stored.commit.events.len()).collect();
        StoredCommit { position: 1, place: places[0], commit: stored.commit.clone() }
    });
    moved.collect()
}

/// The rows of a view, which are the same however commits are grouped into entries, and if every commit comes twice, or everything up to some
/// commit comes again after it.
pub async fn shown(view: &str, history: &History) -> Vec<Value> {
    let once: Vec<_> = history.commits.iter().collect();
    let shown = rows(view, &once, &[]).await;

    let each_twice: Vec<_> = once.iter().flat_map(|commit| [*commit, *commit]).collect();
    assert_eq!(rows(view, &each_twice, &[]).await, shown, "each commit twice");
    for prefix in 1..=once.len() {
        let again = [&once[..prefix], &once].concat();
        assert_eq!(rows(view, &again, &[]).await, shown, "the first {prefix} again");
    }
    let in_one_entry = in_one_entry(&once);
    assert_eq!(rows(view, &in_one_entry.iter().collect::<Vec<_>>(), &[]).await, shown, "in one entry");
    shown
}
