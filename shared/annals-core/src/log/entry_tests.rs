use serde::Deserialize;
use serde_json::{Map, Value, json, value::to_raw_value};
use uuid::Uuid;

use super::super::ANONYMOUS;
use super::*;
use crate::{Context, Decided, EventRecord, Fingerprint, StreamId, event_id, recorded::micros};

/// `vectors/entry.json`, which readers in other languages share.
#[derive(Deserialize)]
struct Vectors {
    /// Bodies as they are written, byte for byte.
    written: Vec<Readable>,
    /// Bodies that are read, and would be written otherwise.
    read: Vec<Readable>,
    malformed: Vec<Malformed>,
}

#[derive(Deserialize)]
struct Readable {
    name: String,
    body: String,
    commits: Vec<Value>,
}

#[derive(Deserialize)]
struct Malformed {
    name: String,
    body: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../vectors/entry.json")).unwrap()
}

fn decode(body: &[u8]) -> Result<Entry, EntryError> {
    Entry::decode(7, Hash::from_bytes([0; 32]), body)
}

fn in_json(stored: &StoredCommit) -> Value {
    let commit = &stored.commit;
    let event = |event: &EventRecord| {
        let data: Value = serde_json::from_str(event.data.get()).unwrap();
        json!({ "id": event.id, "type": event.kind, "version": event.version, "schema": event.schema, "data": data })
    };
    json!({
        "place": stored.place,
        "id": commit.id,
        "category": commit.stream.category,
        "stream_id": commit.stream.id,
        "recorded_at": micros::format(commit.recorded_at),
        "correlation_id": commit.context.correlation_id,
        "causation_id": commit.context.causation_id,
        "actor": commit.context.actor,
        "metadata": commit.context.metadata,
        "traceparent": commit.context.trace,
        "fingerprint": commit.fingerprint,
        "events": commit.events.iter().map(event).collect::<Vec<_>>(),
    })
}

/// All in one go: what is written does not depend on which of them are one command's.
fn encode(commits: &[StoredCommit]) -> (Vec<Place>, Vec<u8>) {
    let commits: Vec<_> = commits.iter().map(|stored| stored.commit.clone()).collect();
    let mut body = EntryBody::new();
    let places = body.push(&commits).unwrap().unwrap();
    (places, body.finish())
}

/// A commit whose only event takes some bytes.
fn commit(id: u128, bytes: usize) -> Commit {
    let (id, text) = (Uuid::from_u128(id), "x".repeat(bytes));
    let data = to_raw_value(&json!({ "text": text })).unwrap();
    Commit {
        id,
        stream: StreamId::new("thing", Uuid::from_u128(2)),
        recorded_at: jiff::Timestamp::UNIX_EPOCH,
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: ANONYMOUS.into(),
            metadata: Map::new(),
            trace: None,
        },
        fingerprint: Fingerprint::of("note", &json!({})),
        events: Commit::number(id, 0, 0, vec![Decided { kind: "Noted".into(), schema: 1, data }]),
    }
}

/// So many bytes as data make an event of this size.
fn of_size(size: usize) -> Commit {
    let without = encode(&[StoredCommit { position: 1, place: 0, commit: commit(1, 0) }]).1.len() - 2;
    commit(1, size - without)
}

#[test]
fn the_bodies_that_all_readers_share_are_read() {
    let Vectors { written, read, .. } = vectors();
    for vector in written.into_iter().chain(read) {
        let entry = decode(vector.body.as_bytes()).unwrap();
        let commits: Vec<_> = entry.commits.iter().map(in_json).collect();
        assert_eq!(commits, vector.commits, "{}", vector.name);
        assert!(entry.commits.iter().all(|it| it.position == 7) && entry.bytes == vector.body.len());
    }
}

#[test]
fn what_is_read_is_written_as_it_was() {
    for vector in vectors().written {
        let entry = decode(vector.body.as_bytes()).unwrap();
        let (places, body) = encode(&entry.commits);
        assert_eq!(String::from_utf8(body).unwrap(), vector.body, "{}", vector.name);
        assert!(entry.commits.iter().map(|it| it.place).eq(places), "{}", vector.name);
    }
}

#[test]
fn a_malformed_body_names_its_position() {
    for vector in vectors().malformed {
        let error = decode(vector.body.as_bytes()).expect_err(&vector.name).to_string();
        assert!(error.contains("position 7"), "{error}");
    }
}

#[test]
fn ids_of_events_are_counted_over_the_commits_of_a_command() {
    let entry = decode(vectors().written[3].body.as_bytes()).unwrap();
    let ids: Vec<_> =
        entry.commits.iter().flat_map(StoredCommit::events).map(|(_, event)| event.id).collect();
    let command = entry.commits[0].commit.id;
    assert_eq!(ids, [0, 1, 2].map(|place| event_id(command, place)));
}

#[test]
fn a_command_that_is_too_large_is_refused_and_a_full_one_is_not() {
    let full = of_size(EntryBody::MAX_COMMAND_BYTES);
    let over = of_size(EntryBody::MAX_COMMAND_BYTES + 1);
    let mut body = EntryBody::new();
    let bytes = EntryBody::MAX_COMMAND_BYTES + 1;
    assert!(matches!(body.push(&[over]), Err(EntryError::TooLarge { bytes: it }) if it == bytes));
    assert_eq!(body.push(&[full]).unwrap(), Some(vec![0]));
    let body = body.finish();
    assert!(body.len() <= Entry::MAX_BYTES);
    assert_eq!(decode(&body).unwrap().commits.len(), 1);
}

#[test]
fn an_entry_closes_when_it_is_full() {
    let mut body = EntryBody::new();
    let large = |id| commit(id, EntryBody::CLOSE_BYTES / 2);
    assert_eq!(body.push(&[large(1)]).unwrap(), Some(vec![0]));
    assert_eq!(body.push(&[large(2)]).unwrap(), None, "it does not fit");
    assert_eq!(body.push(&[commit(3, 0), commit(4, 0)]).unwrap(), Some(vec![1, 2]), "smaller ones still do");
    let read = decode(&body.finish()).unwrap();
    assert_eq!(read.commits.iter().map(|it| it.commit.id.as_u128()).collect::<Vec<_>>(), [1, 3, 4]);
}

#[test]
fn an_entry_closes_after_so_many_commits() {
    let mut body = EntryBody::new();
    let some = |from: u128, count: u128| (from..from + count).map(|id| commit(id, 0)).collect::<Vec<_>>();
    let most = EntryBody::MAX_COMMITS as u128;
    assert!(body.push(&some(0, most - 1)).unwrap().is_some() && !body.is_full());
    assert_eq!(body.push(&some(most, 2)).unwrap(), None);
    assert!(body.push(&some(most, 1)).unwrap().is_some() && body.is_full());
    assert_eq!((body.commits(), body.events()), (EntryBody::MAX_COMMITS, 256));
}

#[test]
fn a_stored_event_is_a_cloud_event() {
    for vector in vectors().written {
        for event in serde_json::from_str::<Vec<Map<String, Value>>>(&vector.body).unwrap() {
            assert!(["id", "source", "type"].iter().all(|name| event[*name].is_string()));
            assert_eq!(event["specversion"], "1.0");
            for (name, value) in event.iter().filter(|(name, _)| *name != "data") {
                assert!(name.len() <= 20 && name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
                assert!(!value.is_object() && !value.is_array(), "{name} is a scalar");
            }
        }
    }
}
