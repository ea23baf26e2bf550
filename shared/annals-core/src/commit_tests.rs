use serde_json::json;

use super::*;

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn commit(data: &[Value]) -> Commit {
    let id = Uuid::from_u128(1);
    let decided = data
        .iter()
        .map(|data| Decided { kind: "SomethingHappened".into(), schema: 2, data: raw(data) })
        .collect();
    Commit {
        id,
        stream: StreamId::new("thing", Uuid::from_u128(2)),
        recorded_at: Timestamp::from_microsecond(1_795_253_400_123_456).unwrap(),
        context: Context {
            correlation_id: Uuid::from_u128(3),
            causation_id: id,
            actor: "anonymous".into(),
            metadata: json!({ "why": "a \"quoted\" reason" }).as_object().unwrap().clone(),
            trace: Some(TraceParent::new(7, 9)),
        },
        fingerprint: Fingerprint::of("do", &json!({})),
        previous_hash: Some("ab".into()),
        events: Commit::place(id, 4, decided),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let nested = json!({ "deep": { "list": [1, null, "ünïcødé 🐢"] } });
    let written = commit(&[json!({}), nested]);

    let read = StoredCommit::decode(42, &written.encode().unwrap()).unwrap();

    assert_eq!(read.position, 42);
    assert_eq!(read.commit.stream, written.stream);
    assert_eq!(read.commit.recorded_at, written.recorded_at);
    assert_eq!(read.commit.context, written.context);
    assert_eq!(read.commit.version(), 6);
    assert_eq!(read.commit.events[1].data.get(), written.events[1].data.get());
    assert_eq!(read.commit.encode().unwrap(), written.encode().unwrap());
}

#[test]
fn it_is_a_cloudevents_batch() {
    let batch: Value = serde_json::from_slice(&commit(&[json!({ "a": 1 })]).encode().unwrap()).unwrap();
    let event = &batch[0];

    for attribute in ["specversion", "id", "source", "type"] {
        assert!(event[attribute].is_string(), "{attribute} is required");
    }
    assert_eq!(event["time"], "2026-11-21T09:30:00.123456Z");
    assert_eq!(event["traceparent"], TraceParent::new(7, 9).to_string());
    let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
    for (name, value) in attributes {
        assert!(name.len() <= 20 && name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
        assert!(!value.is_object() && !value.is_array(), "{name} is a scalar");
    }
}

#[test]
fn an_empty_commit_is_refused() {
    assert!(matches!(commit(&[]).encode(), Err(CommitError::Empty)));
}

#[test]
fn an_oversized_commit_is_refused_and_a_full_one_is_not() {
    let empty = commit(&[json!({ "text": "" })]).encode().unwrap().len();
    let room = Commit::MAX_BYTES - empty;

    assert!(commit(&[json!({ "text": "x".repeat(room) })]).encode().is_ok());
    let over = commit(&[json!({ "text": "x".repeat(room + 1) })]).encode();
    assert!(matches!(over, Err(CommitError::TooLarge { bytes }) if bytes == Commit::MAX_BYTES + 1));
}

#[test]
fn bytes_that_are_no_commit_name_their_position() {
    for bytes in [&b"nonsense"[..], b"[]", b"[{}]"] {
        let error = StoredCommit::decode(7, bytes).unwrap_err().to_string();
        assert!(error.contains("position 7"), "{error}");
    }
}

#[test]
fn the_order_of_keys_does_not_change_a_fingerprint() {
    let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
    let two: Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();

    assert_eq!(Fingerprint::of("do", &one), Fingerprint::of("do", &two));
    assert_ne!(Fingerprint::of("do", &one), Fingerprint::of("undo", &one));
    assert_ne!(Fingerprint::of("do", &one), Fingerprint::of("do", &json!({})));
}
