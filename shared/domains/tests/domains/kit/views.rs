//! Views in real files. However often commits are delivered, the rows are the same.

use std::sync::Arc;

use annals_core::StoredCommit;
use annals_sqlite::{Change, Directory, View};
use serde_json::Value;

use super::History;

/// The rows of a view after these deliveries, of which some may be repeats.
pub async fn rows(view: &str, deliveries: &[&StoredCommit], filters: &[(&str, &str)]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let catalog = annals_domains::catalog();
    let projection = catalog.projection(view).unwrap();
    let view = View::open(&directory, projection).await.unwrap();
    for stored in deliveries {
        view.apply(&Arc::from([Change::of(projection, stored).unwrap()])).await.unwrap();
    }
    view.mark_reached_end().await.unwrap();

    let filters: Vec<_> = filters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (_, page) = view.rows(&filters, 500, None).await.unwrap();
    view.close().await;
    page.rows.iter().map(|row| serde_json::from_str(row.get()).unwrap()).collect()
}

/// The rows of a view, which are the same if every commit comes twice, or everything up to some
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
    shown
}
