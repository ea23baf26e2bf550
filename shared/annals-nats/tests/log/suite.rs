//! What every log must hold.

use annals_core::{Commit, CommitError, Position, StoredCommit};
use annals_nats::{Appended, Log, LogError, Scope};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::commits::{commit, commit_of, stream};

async fn store(log: &impl Log, commit: &Commit, expected: Position) -> StoredCommit {
    match log.append(commit, expected).await.unwrap() {
        Appended::Stored(stored) => stored,
        Appended::Overtaken(commits) => panic!("overtaken by {} commits", commits.len()),
    }
}

async fn overtaken(log: &impl Log, commit: &Commit, expected: Position) -> Vec<Position> {
    match log.append(commit, expected).await.unwrap() {
        Appended::Stored(stored) => panic!("stored at {}", stored.position),
        Appended::Overtaken(commits) => commits.iter().map(|stored| stored.position).collect(),
    }
}

async fn positions(log: &impl Log, scope: &Scope, after: Position, limit: usize) -> Vec<Position> {
    let page = log.read(scope, after, limit).await.unwrap();
    page.commits.iter().map(|stored| stored.position).collect()
}

pub async fn a_stream_begins_at_nothing(log: impl Log) {
    let stream = stream("thing");
    let first = store(&log, &commit(&stream, 0), 0).await;
    let second = store(&log, &commit(&stream, 1), first.position).await;

    assert!(second.position > first.position);
    assert_eq!(log.last(&Scope::Stream(stream)).await.unwrap(), second.position);
}

pub async fn a_stale_writer_is_told_what_was_first(log: impl Log) {
    let stream = stream("thing");
    let first = store(&log, &commit(&stream, 0), 0).await;
    let second = store(&log, &commit(&stream, 1), first.position).await;

    assert_eq!(overtaken(&log, &commit(&stream, 0), 0).await, [first.position, second.position]);
    assert_eq!(overtaken(&log, &commit(&stream, 1), first.position).await, [second.position]);
    assert_eq!(log.last(&Scope::All).await.unwrap(), second.position, "nothing was stored");
}

pub async fn a_position_that_the_stream_does_not_have_is_no_place_to_append(log: impl Log) {
    let (known, new) = (stream("thing"), stream("thing"));
    let first = store(&log, &commit(&known, 0), 0).await;

    assert_eq!(overtaken(&log, &commit(&known, 1), first.position + 7).await, [0_u64; 0]);
    assert_eq!(overtaken(&log, &commit(&new, 1), first.position).await, [0_u64; 0]);
    assert_eq!(log.last(&Scope::All).await.unwrap(), first.position, "nothing was stored");
}

pub async fn of_fifty_racing_first_writers_exactly_one_wins(log: impl Log + Clone) {
    let stream = stream("thing");
    let mut writers = JoinSet::new();
    for _ in 0..50 {
        let (log, commit) = (log.clone(), commit(&stream, 0));
        writers.spawn(async move { matches!(log.append(&commit, 0).await.unwrap(), Appended::Stored(_)) });
    }
    let won = writers.join_all().await.into_iter().filter(|won| *won).count();

    assert_eq!(won, 1);
    assert_eq!(positions(&log, &Scope::Stream(stream), 0, 100).await.len(), 1);
}

pub async fn the_same_commit_twice_is_stored_once_and_is_a_success(log: impl Log) {
    let stream = stream("thing");
    let twice = commit(&stream, 0);
    let first = store(&log, &twice, 0).await;
    let again = store(&log, &twice, 0).await;

    assert_eq!(again.position, first.position);
    assert_eq!(again.hash, first.hash);
    assert_eq!(positions(&log, &Scope::All, 0, 100).await, [first.position]);
}

pub async fn a_commit_is_found_under_others_that_lie_on_top_of_it(log: impl Log) {
    let stream = stream("thing");
    let ours = commit(&stream, 0);
    let first = store(&log, &ours, 0).await;
    let second = store(&log, &commit(&stream, 1), first.position).await;
    store(&log, &commit(&stream, 2), second.position).await;

    let again = store(&log, &ours, 0).await;
    assert_eq!((again.position, again.commit.version()), (first.position, 1));
}

pub async fn an_empty_commit_is_refused(log: impl Log) {
    let nothing = log.append(&commit_of(&stream("thing"), 0, &[]), 0).await;
    assert!(matches!(nothing, Err(LogError::Commit(CommitError::Empty))));
    assert_eq!(log.last(&Scope::All).await.unwrap(), 0);
}

pub async fn an_oversized_commit_is_refused_and_a_full_one_is_not(log: impl Log) {
    let of_size = |size: usize| commit_of(&stream("thing"), 0, &[json!({ "text": "x".repeat(size) })]);
    let room = Commit::MAX_BYTES - of_size(0).encode().unwrap().len();

    let over = log.append(&of_size(room + 1), 0).await;
    assert!(matches!(over, Err(LogError::Commit(CommitError::TooLarge { .. }))));
    assert_eq!(log.last(&Scope::All).await.unwrap(), 0);

    store(&log, &of_size(room), 0).await;
}

pub async fn nothing_is_beyond_the_end(log: impl Log) {
    let stream = stream("thing");
    let empty = log.read(&Scope::All, 0, 10).await.unwrap();
    assert_eq!((empty.commits.len(), empty.reached, empty.more), (0, 0, false));

    let first = store(&log, &commit(&stream, 0), 0).await;
    for after in [first.position, first.position + 1, u64::from(u32::MAX)] {
        assert_eq!(positions(&log, &Scope::All, after, 10).await, [0_u64; 0]);
    }
    assert!(log.read_latest(&stream, first.position).await.unwrap().is_empty());
    assert_eq!(log.last(&Scope::Category("other".into())).await.unwrap(), 0);
}

pub async fn a_range_is_read_in_pages(log: impl Log) {
    for _ in 0..25 {
        store(&log, &commit(&stream("thing"), 0), 0).await;
    }
    let (mut after, mut seen, mut pages) = (0, Vec::new(), 0);
    loop {
        let page = log.read(&Scope::All, after, 10).await.unwrap();
        seen.extend(page.commits.iter().map(|stored| stored.position));
        (after, pages) = (page.reached, pages + 1);
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, (1..=25).collect::<Vec<_>>());
    assert_eq!(pages, 3);
    assert_eq!(positions(&log, &Scope::All, 20, 2).await, [21, 22]);
}

pub async fn a_filter_never_hides_the_end(log: impl Log) {
    let (rare, common) = (stream("rare"), stream("common"));
    store(&log, &commit(&rare, 0), 0).await;
    let mut last = store(&log, &commit(&common, 0), 0).await.position;
    for version in 1..30 {
        last = store(&log, &commit(&common, version), last).await.position;
    }
    let rare = Scope::Category("rare".into());
    let page = log.read(&rare, 0, 10).await.unwrap();
    assert_eq!((page.commits.len(), page.reached, page.more), (1, last, false));
    let page = log.read(&rare, 1, 10).await.unwrap();
    assert_eq!((page.commits.len(), page.reached), (0, last));
}

pub async fn what_was_written_is_read_to_the_microsecond(log: impl Log) {
    let stream = stream("thing");
    let data = json!({
        "nested": { "list": [1, { "deep": null }, [], {}], "number": -9_007_199_254_740_991_i64 },
        "null": null,
        "text": "ünïcødé 🐢 \" \\ \n \u{0} </script> '; drop table events; --",
    });
    let mut written = commit_of(&stream, 0, &[data.clone(), json!({})]);
    written.context.metadata.insert("why".into(), json!("because \r\n"));
    store(&log, &written, 0).await;

    for stored in [
        log.read(&Scope::Stream(stream.clone()), 0, 1).await.unwrap().commits.remove(0),
        log.read_latest(&stream, 0).await.unwrap().remove(0),
    ] {
        assert_eq!(stored.commit.recorded_at, written.recorded_at);
        assert_eq!(stored.commit.context, written.context);
        assert_eq!(serde_json::from_str::<Value>(stored.commit.events[0].data.get()).unwrap(), data);
        assert_eq!(stored.commit.events[1].version, 2);
    }
}

pub async fn a_reader_never_sees_a_later_commit_before_an_earlier_one(log: impl Log + Clone) {
    const WRITERS: u64 = 8;
    const EACH: u64 = 40;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let log = log.clone();
        writers.spawn(async move {
            let (stream, mut last) = (stream("thing"), 0);
            for version in 0..EACH {
                last = store(&log, &commit(&stream, version), last).await.position;
            }
        });
    }
    let mut seen = 0;
    while seen < WRITERS * EACH {
        for stored in log.read(&Scope::All, seen, 1000).await.unwrap().commits {
            assert_eq!(stored.position, seen + 1);
            seen = stored.position;
        }
        tokio::task::yield_now().await;
    }
    writers.join_all().await;
}

pub async fn a_large_page_is_whole(log: impl Log) {
    let large = json!({ "text": "x".repeat(600 * 1024) });
    for _ in 0..20 {
        store(&log, &commit_of(&stream("thing"), 0, std::slice::from_ref(&large)), 0).await;
    }
    let (mut after, mut seen) = (0, 0);
    loop {
        let page = log.read(&Scope::All, after, 1000).await.unwrap();
        seen += page.commits.len();
        after = page.reached;
        if !page.more {
            break;
        }
    }
    assert_eq!((seen, after), (20, 20));
}
