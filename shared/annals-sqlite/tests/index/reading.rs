//! What is read is what a scan of all events would find.

use annals_core::{Version, address};
use annals_sqlite::EventsFilter;
use uuid::Uuid;

use crate::log::{Given, House, Log, command, given, second, stream, varied};

#[tokio::test]
async fn a_stream_is_read_in_pages_from_any_version_and_time() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    let account = stream("account", 3);
    let events = log.of(&account);
    assert!(events.len() > 100);

    for after in (0..events.len() as Version + 3).step_by(5) {
        for (since, limit) in [(None, 7), (None, 100), (Some(second(100)), 7), (Some(second(1000)), 7)] {
            let page = index.stream(&account, after, since, limit).await.unwrap().unwrap();
            let wanted = events
                .iter()
                .filter(|event| event.version > after && since.is_none_or(|since| event.recorded_at > since));
            let wanted: Vec<_> = wanted.map(|event| (event.address, event.version)).collect();
            let shown = wanted.len().min(limit as usize);
            assert_eq!(page.events, wanted[..shown], "after {after} since {since:?}");
            assert_eq!((page.version, page.more), (events.len() as Version, wanted.len() > shown));
        }
    }
    assert_eq!(index.stream(&stream("account", 404), 0, None, 10).await.unwrap(), None);
    assert_eq!(index.stream(&stream("nothing", 3), 0, None, 10).await.unwrap(), None);
    assert!(index.stream(&account, u64::MAX, None, 10).await.unwrap().unwrap().events.is_empty());
}

#[tokio::test]
async fn a_time_has_a_version() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    let account = stream("account", 5);
    let events = log.of(&account);

    for time in (0..405).map(second) {
        let then = events.iter().rev().find(|event| event.recorded_at <= time);
        let version = index.version_at(&account, time).await.unwrap();
        assert_eq!(version, then.map(|event| event.version), "{time}");
    }
}

#[tokio::test]
async fn filters_find_what_a_scan_finds_in_its_order() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;
    let caused = log.events.iter().rev().find(|event| event.causation_id != event.command).unwrap();
    let types = ["Type1", "Type2", "Unknown"].map(|kind| ("account".to_owned(), kind.to_owned()));

    let mut filters = Vec::new();
    for types in [None, Some(types.to_vec()), Some(Vec::new())] {
        for category in [None, Some("account".to_owned()), Some("transfer".to_owned()), Some("x".to_owned())]
        {
            for correlation_id in [None, Some(caused.correlation_id), Some(Uuid::nil())] {
                for causation_id in [None, Some(caused.causation_id), Some(caused.command)] {
                    for since in [None, Some(second(111)), Some(second(9999))] {
                        let (types, category) = (types.clone(), category.clone());
                        filters.push(EventsFilter { types, category, correlation_id, causation_id, since });
                    }
                }
            }
        }
    }
    for filter in filters {
        for (after, until, limit) in
            [(0, None, 10_000), (address(77, 1), Some(222), 10_000), (0, Some(u64::MAX), 3)]
        {
            let mut wanted = log.addresses(|event| {
                let kind = (event.stream.category.clone(), event.kind.clone());
                filter.types.as_ref().is_none_or(|types| types.contains(&kind))
                    && filter.category.as_ref().is_none_or(|it| *it == event.stream.category)
                    && filter.correlation_id.is_none_or(|id| id == event.correlation_id)
                    && filter.causation_id.is_none_or(|id| id == event.causation_id)
                    && filter.since.is_none_or(|since| event.recorded_at > since)
                    && event.address > after
                    && until.is_none_or(|until| event.address >> 16 <= until)
            });
            wanted.truncate(limit as usize);
            assert_eq!(index.events(&filter, after, until, limit).await.unwrap(), wanted, "{filter:?}");
        }
    }
}

#[tokio::test]
async fn events_are_found_by_their_ids() {
    let (house, log) = (House::new(), varied());
    let index = house.holding(&log).await;

    for event in &log.events {
        assert_eq!(index.event(event.id).await.unwrap(), Some(event.address));
    }
    for unknown in [Uuid::nil(), Uuid::max(), log.events[0].command] {
        assert_eq!(index.event(unknown).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_event_of_the_second_aggregate_of_a_command_counts_on() {
    let (house, mut log) = (House::new(), Log::default());
    let commits = vec![(stream("account", 1), 2), (stream("account", 2), 2)];
    let id = command(5);
    log.write(&[
        given(1, 9, 3),
        Given { command: id, commits, correlation_id: id, causation_id: id },
        given(6, 9, 1),
    ]);
    let index = house.holding(&log).await;

    let id = annals_core::event_id(command(5), 3);
    assert_eq!(index.event(id).await.unwrap(), Some(address(1, 6)));
}
