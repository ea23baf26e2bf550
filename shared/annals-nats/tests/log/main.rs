//! Every log must pass the same suite: the one in memory, and the one on a server.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "../common/mod.rs"]
mod commits;
mod suite;

use std::collections::{BTreeSet, HashMap};

use annals_nats::{Appended, JetStreamLog, Log, LogError, MemoryLog, Nats, Scope};
use annals_testkit::TestNats;
use futures_util::future::join_all;
use uuid::Uuid;

/// A log on a server of its own. The server lives as long as the test holds it.
async fn on_a_server() -> (TestNats, JetStreamLog) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "suite").await.unwrap();
    nats.prepare().await.unwrap();
    (server, nats.log())
}

macro_rules! every_log_must_hold_that {
    ($($sentence:ident),* $(,)?) => {
        mod in_memory {
            use super::*;
            $(#[tokio::test] async fn $sentence() { suite::$sentence(MemoryLog::default()).await; })*
        }

        mod on_jetstream {
            use super::*;
            $(
                #[tokio::test]
                async fn $sentence() {
                    let (_server, log) = on_a_server().await;
                    suite::$sentence(log).await;
                }
            )*
        }
    };
}

every_log_must_hold_that![
    a_stream_begins_at_nothing,
    a_stale_writer_is_told_what_was_first,
    a_position_that_the_stream_does_not_have_is_no_place_to_append,
    of_fifty_racing_first_writers_exactly_one_wins,
    the_same_commit_twice_is_stored_once_and_is_a_success,
    a_commit_is_found_under_others_that_lie_on_top_of_it,
    an_empty_commit_is_refused,
    an_oversized_commit_is_refused_and_a_full_one_is_not,
    nothing_is_beyond_the_end,
    a_range_is_read_in_pages,
    a_filter_never_hides_the_end,
    what_was_written_is_read_to_the_microsecond,
    a_reader_never_sees_a_later_commit_before_an_earlier_one,
    a_large_page_is_whole,
];

/// The server remembers ids for two minutes, wherever the stream stands meanwhile.
#[tokio::test]
async fn a_commit_that_the_server_remembers_is_found_before_the_expected_position() {
    let (_server, log) = on_a_server().await;
    let stream = commits::stream("thing");
    let ours = commits::commit(&stream, 0);
    let stored = async |commit, expected| match log.append(commit, expected).await.unwrap() {
        Appended::Stored(stored) => stored.position,
        Appended::Overtaken(_) => panic!("overtaken"),
    };
    assert_eq!(stored(&ours, 0).await, 1);
    let on_top = commits::commit(&stream, 1);
    assert_eq!(stored(&on_top, 1).await, 2);
    assert_eq!(stored(&ours, 2).await, 1);
}

#[tokio::test]
async fn what_was_before_an_unreadable_message_is_read() {
    let (server, log) = on_a_server().await;
    for _ in 0..3 {
        log.append(&commits::commit(&commits::stream("thing"), 0), 0).await.unwrap();
    }
    annals_testkit::raw(&server.url(), "events.thing.1", "poison").await;
    log.append(&commits::commit(&commits::stream("thing"), 0), 0).await.unwrap();
    let page = log.read(&Scope::All, 0, 100).await.unwrap();
    assert_eq!((page.commits.len(), page.reached, page.more), (3, 3, true));
    assert!(matches!(log.read(&Scope::All, 3, 100).await, Err(LogError::Commit(_))));
    assert_eq!(log.read(&Scope::All, 4, 100).await.unwrap().commits.len(), 1);
}

/// Two hundred at once go in batches: each is told its own outcome, and a conflict is nobody else's.
#[tokio::test]
async fn of_many_commits_at_once_each_is_told_its_own_outcome() {
    let (_server, log) = on_a_server().await;
    let streams: Vec<_> = (0..200).map(|_| commits::stream("thing")).collect();
    let firsts: Vec<_> = streams.iter().map(|stream| commits::commit(stream, 0)).collect();
    let told = join_all(firsts.iter().map(|commit| log.append(commit, 0))).await;
    let positions: HashMap<Uuid, u64> = firsts
        .iter()
        .zip(told)
        .map(|(commit, told)| match told.unwrap() {
            Appended::Stored(stored) => {
                assert_eq!(stored.commit.id, commit.id);
                (commit.stream.id, stored.position)
            }
            Appended::Overtaken(_) => panic!("the stream is new"),
        })
        .collect();
    assert_eq!(positions.values().collect::<BTreeSet<_>>().len(), 200);

    // Of every five one is stale, and one is a repeat of the first.
    let seconds: Vec<_> = streams.iter().map(|stream| commits::commit(stream, 1)).collect();
    let appends = (0..200).map(|place| {
        let position = positions[&streams[place].id];
        match place % 5 {
            0 => log.append(&seconds[place], 0),
            1 => log.append(&firsts[place], 0),
            _ => log.append(&seconds[place], position),
        }
    });
    for (place, told) in join_all(appends).await.into_iter().enumerate() {
        let first = positions[&streams[place].id];
        match (place % 5, told.unwrap()) {
            (0, Appended::Overtaken(others)) => assert_eq!(others[0].position, first),
            (1, Appended::Stored(stored)) => assert_eq!(stored.position, first),
            (2.., Appended::Stored(stored)) => {
                assert_eq!(stored.commit.id, seconds[place].id);
                let read = log.read(&Scope::Stream(streams[place].clone()), first, 9).await.unwrap();
                let [read] = &read.commits[..] else { panic!("{read:?}") };
                assert_eq!((read.position, read.commit.id), (stored.position, stored.commit.id));
            }
            (kind, told) => panic!("{kind}: {told:?}"),
        }
    }
    assert_eq!(log.last(&Scope::All).await.unwrap(), 200 + 120);
}
