use bytes::Bytes;
use serde_json::{Value, json};

use super::*;

/// One case of `vectors/membership.json`.
#[derive(Deserialize)]
struct Case {
    name: String,
    log_id: Uuid,
    messages: Vec<Message>,
    expected: Vec<Value>,
}

#[derive(Deserialize)]
struct Message {
    position: Position,
    subject: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl From<Message> for LogMessage {
    fn from(message: Message) -> Self {
        let Message { position, subject, headers, body } = message;
        Self { position, subject, headers, body: body.into() }
    }
}

fn in_json(membership: &Membership) -> Value {
    match membership {
        Membership::Entry(head) => json!({ "entry": head.hash }),
        Membership::Foreign(_) => json!({ "foreign": true }),
        Membership::Redelivered => json!({ "redelivered": true }),
        Membership::Stop(stop) => serde_json::to_value(stop).unwrap(),
    }
}

#[test]
fn the_vectors_that_all_readers_share_are_met() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../vectors/membership.json")).unwrap();
    for case in cases {
        let mut chain = Chain::new(Head::start(case.log_id));
        let messages = case.messages.into_iter().map(LogMessage::from);
        let met: Vec<_> = messages.map(|message| in_json(&chain.take(&message))).collect();
        assert_eq!(met, case.expected, "{}", case.name);
    }
}

const LOG: Uuid = Uuid::from_u128(1);

fn message(position: Position, headers: &[(&str, &str)], body: impl Into<Bytes>) -> LogMessage {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    LogMessage { position, subject: SUBJECT.into(), headers, body: body.into() }
}

/// The entry that follows a head.
fn next(head: Head, position: Position, body: &[u8]) -> LogMessage {
    let (previous, hash) = (head.to_string(), head.hash.after(body).to_string());
    let headers = [(header::ENTRY, "1"), (header::PREVIOUS, &previous), (header::HASH, &hash)];
    message(position, &headers, body.to_vec())
}

#[test]
fn what_is_larger_than_an_entry_may_be_is_foreign() {
    let mut chain = Chain::new(Head::start(LOG));
    let body = vec![b'x'; Entry::MAX_BYTES + 1];
    assert!(
        matches!(chain.take(&next(chain.head(), 1, &body)), Membership::Foreign(it) if it.bytes == body.len())
    );
    assert!(matches!(chain.take(&next(chain.head(), 2, &body[1..])), Membership::Entry(_)));
}

#[test]
fn a_checkpoint_says_what_was_read_and_what_was_skipped() {
    let mut chain = Chain::new(Head::start(LOG));
    assert_eq!(chain.checkpoint(), Checkpoint::start(LOG));
    chain.take(&next(chain.head(), 1, b"[]"));
    let head = chain.head();
    chain.take(&message(2, &[], "poison"));
    assert_eq!(chain.checkpoint(), Checkpoint { position: 2, head });
    assert_eq!(serde_json::from_value::<Checkpoint>(json!(chain.checkpoint())).unwrap(), chain.checkpoint());
}

#[test]
fn after_a_stop_the_chain_is_as_it_was_before() {
    let mut chain = Chain::new(Head::start(LOG));
    let stop = Membership::Stop(Stop::Gap { from: 1, to: 1 });
    assert_eq!(chain.take(&message(2, &[], "")), stop);
    assert_eq!(chain.take(&message(2, &[], "")), stop);
    assert!(matches!(chain.take(&next(chain.head(), 1, b"[]")), Membership::Entry(_)));
}

#[test]
fn all_readers_forget_the_same_skipped_messages() {
    let hash = |position: Position| Head::start(Uuid::from_u128(position.into())).hash;
    let mut chain = Chain::new(Head::start(LOG));
    let last = MAX_SKIPPED as Position + 1;
    for position in 1..=last {
        chain.take(&message(position, &[(header::HASH, &hash(position).to_string())], ""));
    }
    let mut follow = |skipped: Position, position: Position| {
        let previous = Head { position: skipped, hash: hash(skipped) }.to_string();
        chain.take(&message(position, &[(header::PREVIOUS, &previous)], ""))
    };
    assert!(matches!(follow(1, last + 1), Membership::Foreign(_)), "it is forgotten");
    assert_eq!(follow(2, last + 2), Membership::Stop(Stop::Fork { position: 2, by: last + 2 }));
}
