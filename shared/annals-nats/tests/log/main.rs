//! Every log must pass the same suite: the one in memory, and the one on a server.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "../common/mod.rs"]
mod commits;
mod suite;

use annals_nats::{Appended, JetStreamLog, Log, LogError, MemoryLog, Nats, Scope};
use annals_testkit::TestNats;

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
