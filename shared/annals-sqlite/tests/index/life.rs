//! What becomes of the index when it is written, opened and rebuilt.

use std::{collections::HashSet, fs, sync::Arc};

use annals_core::{address, log::Checkpoint};
use annals_sqlite::{Address, EventsFilter, EventsIndex, Fault, StreamRow, ViewError};
use uuid::Uuid;

use crate::log::{House, LOG, Log, given, second, stream, varied};

/// All addresses that the index has.
async fn all(index: &EventsIndex) -> Vec<Address> {
    index.events(&EventsFilter::default(), 0, None, u32::MAX).await.unwrap()
}

/// All streams of a category, read in pages.
async fn listed(index: &EventsIndex, category: &str, limit: u32) -> Vec<StreamRow> {
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let page = index.streams(category, limit, before).await.unwrap();
        rows.extend(page.rows);
        before = page.next;
        if before.is_none() {
            assert_eq!(page.count, rows.len() as u64);
            return rows;
        }
    }
}

/// What a scan of all events finds: the streams of a category, the last active one first.
fn streams_of(log: &Log, category: &str) -> Vec<StreamRow> {
    let mut seen = HashSet::new();
    let newest = log.events.iter().rev().filter(|event| event.stream.category == category);
    newest
        .filter(|event| seen.insert(event.stream.id))
        .map(|event| StreamRow {
            id: event.stream.id,
            version: event.version,
            last_position: event.address >> 16,
            last_recorded_at: event.recorded_at,
        })
        .collect()
}

#[tokio::test]
async fn streams_are_listed_by_their_last_activity() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    for limit in [1, 4, 500] {
        assert_eq!(listed(&index, "account", limit).await, streams_of(&log, "account"));
        assert_eq!(listed(&index, "transfer", limit).await, streams_of(&log, "transfer"));
    }
    assert!(listed(&index, "nothing", 10).await.is_empty());
}

#[tokio::test]
async fn entries_that_are_applied_again_change_nothing() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    let (events, accounts) = (all(&index).await, listed(&index, "account", 9).await);

    index.apply(log.entries[300..].into(), log.checkpoint()).await.unwrap();
    index.apply(log.entries[..].into(), log.checkpoint()).await.unwrap();

    assert_eq!(all(&index).await, events);
    assert_eq!(listed(&index, "account", 9).await, accounts);
    let account = stream("account", 3);
    let page = index.stream(&account, 0, None, 1000).await.unwrap().unwrap();
    assert_eq!(page.events.len(), log.of(&account).len());
}

#[tokio::test]
async fn a_stream_goes_on_after_a_restart() {
    let (house, mut log) = (House::new(), varied());
    let index = house.holding(&log).await;
    index.mark_reached_end().await.unwrap();
    index.close().await;

    let index = house.open().await;
    assert!(index.has_reached_end().await.unwrap());
    assert_eq!(index.checkpoint().await.unwrap(), log.checkpoint());
    log.write(&[given(9000, 3, 2)]);
    index.apply(log.entries[400..].into(), log.checkpoint()).await.unwrap();

    let account = stream("account", 3);
    let events: Vec<_> = log.of(&account).iter().map(|event| (event.address, event.version)).collect();
    let page = index.stream(&account, 0, None, 1000).await.unwrap().unwrap();
    assert_eq!(page.events, events);
    assert_eq!(listed(&index, "account", 2).await, streams_of(&log, "account"));
}

#[tokio::test]
async fn what_memory_held_is_in_the_file_after_many_events() {
    let (house, mut log) = (House::new(), Log::default());
    for number in 0..140 {
        let commands: Vec<_> =
            (0..250).map(|it| given(number * 250 + it, (number * 13 + it) % 600, 2)).collect();
        log.write(&commands);
    }
    assert!(log.events.len() > 65_536);
    let index = house.holding(&log).await;
    log.write(&[given(80_000, 5, 1), given(80_001, 9999, 1)]);
    index.apply(log.entries[140..].into(), log.checkpoint()).await.unwrap();
    index.close().await;

    for _ in 0..2 {
        let index = house.open().await;
        assert_eq!(listed(&index, "account", 100).await, streams_of(&log, "account"));
        for id in [5, 9999, 77] {
            let account = stream("account", id);
            let events: Vec<_> = log.of(&account).iter().map(|it| (it.address, it.version)).collect();
            let page = index.stream(&account, 0, None, 1000).await.unwrap().unwrap();
            assert_eq!(page.events, events);
        }
        index.close().await;
    }
}

#[tokio::test]
async fn foreign_messages_and_empty_entries_move_the_checkpoint_only() {
    let (house, mut log) = (House::new(), Log::default());
    log.write(&[given(1, 1, 1)]);
    log.write(&[]);
    let index = house.holding(&log).await;
    let behind = Checkpoint { position: 7, ..log.checkpoint() };
    index.apply(Arc::from([]), behind).await.unwrap();

    assert_eq!(index.checkpoint().await.unwrap(), behind);
    assert_eq!(all(&index).await, [address(1, 0)]);
    assert_eq!(index.version_at(&stream("account", 1), second(2)).await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_rebuild_begins_at_the_start_of_the_log() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    index.mark_reached_end().await.unwrap();
    let other = Uuid::from_u128(2);

    index.rebuild(other).await.unwrap();

    assert_eq!(index.log_id().await.unwrap(), other);
    assert_eq!(index.checkpoint().await.unwrap(), Checkpoint::start(other));
    assert!(!index.has_reached_end().await.unwrap());
    assert!(all(&index).await.is_empty() && listed(&index, "account", 9).await.is_empty());
    index.apply(log.entries[..].into(), log.checkpoint()).await.unwrap();
    assert_eq!(all(&index).await, log.addresses(|_| true));
    assert_eq!(listed(&index, "account", 9).await, streams_of(&log, "account"));
}

#[tokio::test]
async fn a_file_of_another_log_is_opened_as_it_is() {
    let (house, log) = (House::new(), varied());
    house.holding(&log).await.close().await;

    let index = EventsIndex::open(&house.directory, Uuid::from_u128(2)).await.unwrap();

    assert_eq!(index.log_id().await.unwrap(), LOG);
    assert_eq!(index.checkpoint().await.unwrap(), log.checkpoint());
}

#[tokio::test]
async fn a_damaged_file_is_thrown_away() {
    let (house, log) = (House::new(), varied());
    house.holding(&log).await.close().await;
    let path = house.root.path().join("views/events@1.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x2a);
    fs::write(&path, bytes).unwrap();

    let index = house.open().await;

    assert_eq!(index.checkpoint().await.unwrap(), Checkpoint::start(LOG));
    index.apply(log.entries[..].into(), log.checkpoint()).await.unwrap();
    assert_eq!(all(&index).await, log.addresses(|_| true));
}

#[tokio::test]
async fn a_file_that_was_deleted_is_not_written_to() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    fs::remove_file(house.root.path().join("views/events@1.db")).unwrap();

    let error = index.apply(log.entries[..].into(), log.checkpoint()).await.unwrap_err();

    assert!(matches!(error, ViewError::FileReplaced), "{error}");
    assert_eq!(error.fault(), Fault::File);
}

#[tokio::test]
async fn the_file_is_kept_with_those_of_the_views() {
    let (house, log) = (House::new(), varied());
    house.holding(&log).await.close().await;
    let path = house.root.path().join("views/events@1.db");

    house.directory.tidy([&EventsIndex::projection()]).unwrap();
    assert!(path.exists());
    house.directory.tidy([]).unwrap();
    assert!(!path.exists());
}
