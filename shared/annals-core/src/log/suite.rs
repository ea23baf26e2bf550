//! What every log must hold, on a server or in memory.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // what tests are made of is tests

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use serde_json::{Map, Value, json, value::to_raw_value};
use uuid::Uuid;

use super::{
    AppendError, Chain, Commit, Decided, Draft, Entry, EntryBody, EntryReader, Fingerprint, Head, Log,
    LogMessage, Membership, SUBJECT, Tail,
};
use crate::{Context, Position, StreamId, Version};

/// A log in which nothing has happened yet.
pub trait Subject {
    /// Its type.
    type Log: Log;

    /// The log.
    fn log(&self) -> &Self::Log;

    /// Stores a message past all rules, as anybody could who may publish.
    fn publish(&self, subject: &str, body: &str) -> impl Future<Output = ()>;
}

/// A commit of one event, after a version of a stream.
#[must_use]
pub fn commit(stream: &StreamId, after: Version) -> Commit {
    commit_of(Uuid::new_v4(), stream, after, 0, &json!({ "after": after }))
}

fn commit_of(id: Uuid, stream: &StreamId, after: Version, before: u16, data: &Value) -> Commit {
    let data = to_raw_value(data).unwrap();
    Commit {
        id,
        stream: stream.clone(),
        recorded_at: Timestamp::from_microsecond(1_795_253_400_123_456).unwrap(),
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "suite".into(),
            metadata: Map::new(),
            trace: None,
        },
        fingerprint: Fingerprint::of("note", &json!({})),
        events: Commit::number(id, after, before, vec![Decided { kind: "Noted".into(), schema: 1, data }]),
    }
}

/// A new stream.
#[must_use]
pub fn stream() -> StreamId {
    StreamId::new("thing", Uuid::new_v4())
}

/// An entry that follows a head; all commits are one command's.
#[must_use]
pub fn draft(previous: Head, commits: &[Commit]) -> Draft {
    let mut body = EntryBody::new();
    body.push(commits).unwrap().unwrap();
    Draft::new(Uuid::new_v4(), previous, body)
}

/// A commit on a stream of its own, after a head.
fn any(previous: Head) -> Draft {
    draft(previous, &[commit(&stream(), 0)])
}

async fn store(log: &impl Log, draft: &Draft) -> Head {
    draft.head(log.append(draft, draft.previous.position).await.unwrap())
}

/// Every entry after a head, as a reader at that head sees them.
async fn entries(log: &impl Log, mut head: Head) -> Vec<Entry> {
    let mut chain = Chain::new(head);
    let mut entries = Vec::new();
    for message in log.read(head.position, 1000).await.unwrap() {
        if let Membership::Entry(next) = chain.take(&message) {
            head = next;
            entries.push(Entry::decode(head.position, head.hash, &message.body).unwrap());
        }
    }
    entries
}

/// A log begins empty.
pub async fn nothing_is_beyond_the_end(it: impl Subject) {
    let log = it.log();
    assert_eq!((log.end().await.unwrap(), log.read(0, 10).await.unwrap().len()), (0, 0));
    let head = store(log, &any(Head::start(log.id()))).await;
    assert_eq!((head.position, log.end().await.unwrap()), (1, 1));
    for after in [1, 2, Position::from(u32::MAX)] {
        assert!(log.read(after, 10).await.unwrap().is_empty());
        assert!(log.get(after + 1).await.unwrap().is_none());
    }
}

/// What was stored is read as it was.
pub async fn an_entry_is_stored_and_read_again(it: impl Subject) {
    let (log, stream) = (it.log(), stream());
    let data = json!({
        "nested": { "list": [1, { "deep": null }, [], {}], "number": -9_007_199_254_740_991_i64 },
        "text": "ünïcødé 🐢 \" \\ \n \u{0} </script> '; drop table events; --",
    });
    let mut written = commit_of(Uuid::new_v4(), &stream, 0, 0, &data);
    written.context.metadata.insert("why".into(), json!("because \r\n"));
    let first = draft(Head::start(log.id()), &[written.clone()]);
    let head = store(log, &first).await;
    let second = draft(head, &[commit(&stream, 1)]);
    store(log, &second).await;

    let same = |message: &LogMessage, draft: &Draft| {
        message.subject == SUBJECT
            && message.is(draft)
            && message.body == draft.body
            && draft.headers().iter().all(|(name, value)| message.header(name) == Some(value))
    };
    let messages = log.read(0, 10).await.unwrap();
    assert!(messages.len() == 2 && same(&messages[0], &first) && same(&messages[1], &second), "{messages:?}");
    assert!(same(&log.get(1).await.unwrap().unwrap(), &first));
    assert!(same(&log.read(1, 10).await.unwrap()[0], &second));
    assert_eq!(log.read(0, 1).await.unwrap().len(), 1);

    let commit = &entries(log, Head::start(log.id())).await[0].commits[0].commit;
    assert_eq!((&commit.context, commit.recorded_at), (&written.context, written.recorded_at));
    assert_eq!(commit.events[0].data.get(), written.events[0].data.get());
}

/// The events of one command take as much as they may.
pub async fn the_largest_command_is_stored_and_read_again(it: impl Subject) {
    let log = it.log();
    let text = |bytes: usize| json!({ "text": "x".repeat(bytes) });
    let of_size =
        |bytes| draft(Head::start(log.id()), &[commit_of(Uuid::nil(), &stream(), 0, 0, &text(bytes))]);
    let room = EntryBody::MAX_COMMAND_BYTES - (of_size(0).body.len() - 2);
    let largest = of_size(room);
    store(log, &largest).await;
    assert_eq!(log.get(1).await.unwrap().unwrap().body, largest.body);
    assert_eq!(entries(log, Head::start(log.id())).await.len(), 1);
}

/// Whoever does not know the end writes nothing.
pub async fn a_stale_expectation_is_a_conflict_and_stores_nothing(it: impl Subject) {
    let log = it.log();
    let start = Head::start(log.id());
    let head = store(log, &any(start)).await;
    store(log, &any(head)).await;
    for expected in [0, 1, 3, 7] {
        let refused = log.append(&any(head), expected).await;
        assert!(matches!(refused, Err(AppendError::Conflict)), "{expected}: {refused:?}");
    }
    assert_eq!(log.end().await.unwrap(), 2);
}

/// All of them expect that the log is empty.
pub async fn of_fifty_racing_writers_one_wins(it: impl Subject) {
    let log = it.log();
    let start = Head::start(log.id());
    let drafts: Vec<_> = (0..50).map(|_| any(start)).collect();
    let won = join_all(drafts.iter().map(|draft| async { log.append(draft, 0).await.is_ok() })).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let stored = log.read(0, 10).await.unwrap();
    let winner = &drafts[won.iter().position(|won| *won).unwrap()];
    assert!(stored.len() == 1 && stored[0].is(winner), "{stored:?}");
}

/// An acknowledgement that got lost is made up for by sending the same again: whatever the answer is, the message
/// right after the expected one tells.
pub async fn a_draft_that_is_sent_again_is_stored_once_and_found_by_its_message_id(it: impl Subject) {
    let log = it.log();
    let head = store(log, &any(Head::start(log.id()))).await;
    let ours = any(head);
    store(log, &ours).await;
    let _ = log.append(&ours, head.position).await; // whatever is said
    let found = log.read(head.position, 10).await.unwrap();
    assert!(found.len() == 1 && found[0].is(&ours), "{found:?}");
    let mut another = ours;
    another.id = Uuid::new_v4();
    assert!(!found[0].is(&another), "it has the same body");
}

/// Readers skip what does not belong to the log, and writers expect it all the same.
pub async fn foreign_messages_are_skipped_and_expected(it: impl Subject) {
    let log = it.log();
    let start = Head::start(log.id());
    it.publish("events.other", "poison").await;
    let head = store(log, &any(start)).await; // nothing is on its subject yet
    assert_eq!(head.position, 2);
    it.publish(SUBJECT, "poison").await;
    it.publish("events.other", "poison").await;

    let next = any(head);
    assert!(matches!(log.append(&next, 2).await, Err(AppendError::Conflict)), "something stands after it");
    assert!(matches!(log.append(&next, 4).await, Err(AppendError::Conflict)), "that is on another subject");
    assert_eq!(log.append(&next, 3).await.unwrap(), 5);
    let on_chain = async |after| log.next_of_chain(after).await.unwrap().map(|message| message.position);
    for (after, next) in [(0, Some(2)), (2, Some(3)), (3, Some(5)), (5, None)] {
        assert_eq!(on_chain(after).await, next);
    }
    let read: Vec<_> = entries(log, start).await.iter().map(|entry| entry.position).collect();
    assert_eq!(read, [2, 5]);
}

/// It proves that its writer knows the end.
pub async fn an_entry_may_be_empty(it: impl Subject) {
    let log = it.log();
    let empty = draft(Head::start(log.id()), &[]);
    let head = store(log, &empty).await;
    store(log, &any(head)).await;
    let commits: Vec<_> =
        entries(log, empty.previous).await.iter().map(|entry| entry.commits.len()).collect();
    assert_eq!(commits, [0, 1]);
}

/// Adjacent commits that are stored together or not at all.
pub async fn a_command_over_three_aggregates_is_one_entry(it: impl Subject) {
    let (log, id) = (it.log(), Uuid::new_v4());
    let streams = [stream(), stream(), stream()];
    let commit = |(before, stream)| commit_of(id, stream, 6, before, &json!({ "before": before }));
    let commits: Vec<_> = (0..3).zip(&streams).map(commit).collect();
    store(log, &draft(Head::start(log.id()), &commits)).await;
    let entry = entries(log, Head::start(log.id())).await.remove(0);
    assert!(entry.commits.iter().map(|stored| &stored.commit.stream).eq(&streams));
    assert!(entry.commits.iter().map(|stored| stored.place).eq(0..3));
    assert!(entry.commits.iter().all(|stored| stored.commit.id == id && stored.commit.version() == 7));
}

/// It waits at the end.
pub async fn a_tail_gives_everything_in_order_also_what_comes_later(it: impl Subject) {
    let log = it.log();
    let start = Head::start(log.id());
    let mut head = start;
    for _ in 0..20 {
        head = store(log, &any(head)).await;
    }
    let mut tail = log.tail("suite", 0).await.unwrap();
    let one = tail.next(1).await.unwrap();
    assert_eq!(
        one.iter().map(|message| message.position).collect::<Vec<_>>(),
        [1],
        "no more than was asked for"
    );
    let mut seen = 1;
    let read = async {
        while seen < 40 {
            for message in tail.next(2000).await.unwrap() {
                seen += 1;
                assert_eq!(message.position, seen);
            }
            tail.acknowledge(seen).await;
        }
    };
    let write = async {
        for _ in 0..20 {
            head = store(log, &any(head)).await;
        }
    };
    join(read, write).await;

    let mut later = log.tail("suite-later", 38).await.unwrap();
    assert_eq!(later.next(1).await.unwrap()[0].position, 39);
}

/// Both know only what they have read.
pub async fn two_writers_in_conflict_leave_no_gap(it: impl Subject) {
    const EACH: u64 = 20;
    let log = it.log();
    let start = Head::start(log.id());
    let write = async |stream: &StreamId| {
        let (mut chain, mut version) = (Chain::new(start), 0);
        while version < EACH {
            let draft = draft(chain.head(), &[commit(stream, version)]);
            let stored = log.append(&draft, chain.checkpoint().position).await;
            assert!(
                matches!(stored, Ok(_) | Err(AppendError::Conflict | AppendError::Unknown(_))),
                "{stored:?}"
            );
            for message in log.read(chain.checkpoint().position, 1000).await.unwrap() {
                version += u64::from(message.is(&draft));
                assert!(matches!(chain.take(&message), Membership::Entry(_)));
            }
        }
    };
    let streams = [stream(), stream()];
    join(write(&streams[0]), write(&streams[1])).await;

    let mut reader = EntryReader::new(log.tail("suite", 0).await.unwrap(), start);
    let mut versions = [0, 0];
    while reader.checkpoint().position < 2 * EACH {
        let reads = reader.next(10_000, |foreign| panic!("{foreign:?}")).await.unwrap();
        for stored in reads.iter().flat_map(|read| &read.entry.as_ref().unwrap().commits) {
            let version = &mut versions[usize::from(stored.commit.stream == streams[1])];
            *version += 1;
            assert_eq!(stored.commit.version(), *version);
        }
    }
    assert_eq!((versions, log.end().await.unwrap()), ([EACH; 2], 2 * EACH));
}
