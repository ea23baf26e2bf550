use annals_core::{Commit, Context, Fingerprint, Place, log::Head};
use serde_json::{Map, json};
use std::time::Duration;
use uuid::Uuid;

use super::*;

fn stored(stream: u128, position: Position, place: Place) -> StoredCommit {
    let id = Uuid::from_u128(1);
    let context = Context {
        correlation_id: id,
        causation_id: id,
        actor: "test".into(),
        metadata: Map::new(),
        trace: None,
    };
    let commit = Commit {
        id,
        stream: StreamId::new("thing", Uuid::from_u128(stream)),
        recorded_at: Timestamp::UNIX_EPOCH,
        context,
        fingerprint: Fingerprint::of("note", &json!({})),
        events: Vec::new(),
    };
    StoredCommit { position, place, commit }
}

/// Read up to a position, entries only.
fn read(position: Position) -> Checkpoint {
    let head = Head { position, ..Head::start(Uuid::nil()) };
    Checkpoint { position, head }
}

fn of(commits: &[(u128, Position, Place)]) -> Unsettled {
    let mut unsettled = Unsettled::default();
    for &(stream, position, place) in commits {
        unsettled.push(stored(stream, position, place), read(position - 1));
    }
    unsettled
}

/// Begins everything that is ready.
fn begin_all(unsettled: &mut Unsettled, now: Instant) -> Vec<(Position, Place)> {
    std::iter::from_fn(|| unsettled.begin(now)).map(|(it, _)| (it.position, it.place)).collect()
}

fn listed(addresses: &[(Position, Place)]) -> Vec<Address> {
    addresses.iter().map(|&(position, place)| Address::new(position, place)).collect()
}

#[test]
fn commits_of_one_stream_wait_for_each_other() {
    let (mut unsettled, now) = (of(&[(1, 1, 0), (1, 1, 1), (2, 2, 0), (1, 3, 0)]), Instant::now());
    assert_eq!(begin_all(&mut unsettled, now), [(1, 0), (2, 0)]);
    unsettled.settle(Address::new(2, 0));
    assert_eq!(begin_all(&mut unsettled, now), []);
    unsettled.settle(Address::new(1, 0));
    assert_eq!(begin_all(&mut unsettled, now), [(1, 1)]);
    unsettled.settle(Address::new(1, 1));
    assert_eq!(begin_all(&mut unsettled, now), [(3, 0)]);
    unsettled.settle(Address::new(3, 0));
    assert_eq!((unsettled.len(), unsettled.oldest(), unsettled.bytes), (0, None, 0));
    assert!(unsettled.streams.is_empty());
}

#[test]
fn a_commit_that_failed_holds_up_its_own_stream_until_it_is_due() {
    let (mut unsettled, now) = (of(&[(1, 1, 0), (1, 2, 0), (2, 3, 0), (2, 4, 0)]), Instant::now());
    assert_eq!(begin_all(&mut unsettled, now), [(1, 0), (3, 0)]);
    let due = now + Duration::from_secs(1);
    unsettled.retry(Address::new(1, 0), due);
    unsettled.settle(Address::new(3, 0));
    assert_eq!(begin_all(&mut unsettled, now), [(4, 0)]);
    assert_eq!((unsettled.next_retry(), unsettled.failed()), (Some(due), 1));

    let (stored, failures) = unsettled.begin(due).unwrap();
    assert_eq!((stored.position, failures), (1, 1));
    assert_eq!(unsettled.next_retry(), None);
    unsettled.settle(Address::new(1, 0));
    assert_eq!(unsettled.failed(), 0);
    assert_eq!(begin_all(&mut unsettled, due), [(2, 0)]);
}

#[test]
fn a_checkpoint_lists_what_is_not_settled_before_it() {
    let mut unsettled = of(&[(1, 2, 0), (2, 2, 1), (1, 5, 0)]);
    assert_eq!(unsettled.checkpoint(read(7)), (read(7), listed(&[(2, 0), (2, 1), (5, 0)])));
    begin_all(&mut unsettled, Instant::now());
    unsettled.settle(Address::new(2, 1));
    assert_eq!(unsettled.checkpoint(read(7)), (read(7), listed(&[(2, 0), (5, 0)])));
    assert_eq!(unsettled.oldest(), Some((2, Timestamp::UNIX_EPOCH)));
}

#[test]
fn a_checkpoint_stays_where_its_list_would_be_too_long() {
    let length = u32::try_from(MAX_LISTED).unwrap();
    // Entry 1 holds all but one of those that can be listed, entry 2 two more, entry 3 another one.
    let first = (0..length - 1).map(|place| (u128::from(place), 1, place));
    let others = [(10_000, 2, 0), (10_001, 2, 1), (10_002, 3, 0)];
    let unsettled = of(&first.chain(others).collect::<Vec<_>>());

    let (at, listed) = unsettled.checkpoint(read(9));
    assert_eq!(at, read(1));
    assert_eq!(listed.len(), MAX_LISTED - 1);
    assert!(listed.iter().all(|address| address.position() == 1));
}

#[test]
fn there_is_room_for_so_many() {
    let mut unsettled = Unsettled::default();
    let last = MAX_COMMITS as u64;
    for position in 1..=last {
        assert!(unsettled.has_room());
        unsettled.push(stored(u128::from(position), position, 0), read(position - 1));
    }
    assert!(!unsettled.has_room());
}
