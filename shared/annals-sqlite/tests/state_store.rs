//! The state store against real files.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{collections::BTreeMap, fs, path::PathBuf};

use annals_core::{
    Fingerprint, Position, StreamId,
    log::{Checkpoint, Hash, Head},
};
use annals_sqlite::{
    StateBatch, StateReader, StateStore, StateStoreError, StateWriter, StoredCommand, StoredState,
};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

const LOG: Uuid = Uuid::from_u128(0x106);

struct House(TempDir);

impl House {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn open(&self) -> (StateReader, StateWriter) {
        self.open_as(LOG, &[("account", 1), ("transfer", 4)])
    }

    fn open_as(&self, log_id: Uuid, revisions: &[(&str, u32)]) -> (StateReader, StateWriter) {
        let revisions = revisions.iter().map(|(name, revision)| ((*name).to_owned(), *revision));
        StateStore::open(self.0.path(), log_id, &revisions.collect::<BTreeMap<_, _>>()).unwrap()
    }

    /// A store that holds one batch, closed.
    fn holding(batch: &StateBatch) -> Self {
        let house = Self::new();
        let (_, mut writer) = house.open();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        house
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join("0").join(name)
    }

    /// What is found after it was opened again: the batch of that number, or nothing.
    fn holds(&self, number: u64) -> bool {
        let (reader, _writer) = self.open();
        holds(&reader, number)
    }
}

fn account(number: u64) -> StreamId {
    StreamId::new("account", Uuid::from_u128(number.into()))
}

fn checkpoint(position: Position) -> Checkpoint {
    Checkpoint { position: position + 1, head: Head { position, hash: Hash::from_bytes([7; 32]) } }
}

fn state(number: u64) -> StoredState {
    StoredState { version: number * 2, position: number, state: format!(r#"{{"balance":{number}}}"#) }
}

fn command(number: u64) -> StoredCommand {
    let fingerprint = Fingerprint::of("deposit", &json!({ "amount": number }));
    StoredCommand { position: number, place: 1000, fingerprint }
}

fn batch(number: u64) -> StateBatch {
    StateBatch {
        aggregates: vec![(account(1), state(number)), (account(number + 1000), state(number))],
        commands: vec![(Uuid::from_u128(number.into()), command(number))],
        checkpoint: checkpoint(number),
    }
}

fn holds(reader: &StateReader, number: u64) -> bool {
    let found = reader.aggregate("account", account(1).id).unwrap();
    let position = reader.head().unwrap();
    assert_eq!(found.is_some(), position != Checkpoint::start(LOG), "states and position go together");
    found == Some(state(number)) && position == checkpoint(number)
}

#[test]
fn the_reader_sees_each_batch_once_it_is_written() {
    let house = House::new();
    let (reader, mut writer) = house.open();
    assert_eq!(reader.head().unwrap(), Checkpoint::start(LOG));
    assert_eq!(reader.aggregate("account", account(1).id).unwrap(), None);

    for number in 1..50 {
        writer.write(&batch(number)).unwrap();
        assert!(holds(&reader, number));
        assert_eq!(reader.command(Uuid::from_u128(number.into())).unwrap(), Some(command(number)));
        assert_eq!(reader.command(Uuid::from_u128(u128::from(number) + 1)).unwrap(), None);
    }
    assert_eq!(reader.aggregate("account", account(1007).id).unwrap(), Some(state(7)));
    assert_eq!(reader.aggregate("transfer", account(1).id).unwrap(), None);
}

#[test]
fn of_an_aggregate_that_is_in_a_batch_twice_the_last_state_counts() {
    let house = House::new();
    let (reader, mut writer) = house.open();
    let aggregates = (1..100).map(|number| (account(1), state(number))).collect();
    writer.write(&StateBatch { aggregates, ..batch(99) }).unwrap();
    assert!(holds(&reader, 99));
}

#[test]
fn a_command_that_is_known_stays_as_it_is() {
    let house = House::new();
    let (reader, mut writer) = house.open();
    writer.write(&batch(1)).unwrap();
    let commands = vec![(Uuid::from_u128(1), command(2))];
    writer.write(&StateBatch { commands, ..batch(2) }).unwrap();
    assert_eq!(reader.command(Uuid::from_u128(1)).unwrap(), Some(command(1)));
}

#[test]
fn of_a_command_with_several_commits_the_place_of_the_first_is_kept() {
    let house = House::new();
    let (reader, mut writer) = house.open();
    let id = Uuid::from_u128(1);
    let commits = [1000, 1002, 1007].map(|place| (id, StoredCommand { place, ..command(1) }));
    writer.write(&StateBatch { commands: commits.to_vec(), ..batch(1) }).unwrap();
    assert_eq!(reader.command(id).unwrap(), Some(command(1)));
}

#[test]
fn what_was_written_is_there_after_a_clean_stop_and_after_a_kill() {
    let house = House::holding(&batch(5));
    assert!(house.holds(5));
    let (reader, mut writer) = house.open();
    writer.write(&batch(6)).unwrap();
    drop((reader, writer)); // not closed, as after a kill
    assert!(house.holds(6));
}

#[test]
fn what_was_not_closed_before_the_machine_stopped_is_thrown_away() {
    let house = House::holding(&batch(5));
    drop(house.open());
    fs::write(house.file("session"), "00000000-0000-4000-8000-000000000000").unwrap(); // another boot's
    assert!(!house.holds(5));

    let house = House::holding(&batch(5));
    fs::remove_file(house.file("session")).unwrap();
    assert!(!house.holds(5));
}

#[test]
fn another_log_and_other_revisions_begin_anew() {
    let house = House::holding(&batch(5));
    drop(house.open_as(Uuid::from_u128(2), &[("account", 1), ("transfer", 4)]));
    assert!(!house.holds(5));

    for revisions in
        [vec![("account", 2), ("transfer", 4)], vec![("account", 1), ("transfer", 4), ("todo", 1)]]
    {
        let house = House::holding(&batch(5));
        let (reader, _writer) = house.open_as(LOG, &revisions);
        assert!(!holds(&reader, 5), "{revisions:?}");
    }
}

#[test]
fn a_category_that_comes_back_begins_anew() {
    let house = House::holding(&batch(5));
    let (reader, writer) = house.open_as(LOG, &[("account", 1)]);
    assert!(holds(&reader, 5));
    drop((reader, writer));
    assert!(!house.holds(5), "transfers may have happened meanwhile");
}

#[test]
fn a_file_that_is_no_database_is_thrown_away() {
    let house = House::holding(&batch(5));
    fs::write(house.file("states.db"), "no database at all, whatever it is called").unwrap();
    assert!(!house.holds(5));
    let (reader, mut writer) = house.open();
    writer.write(&batch(6)).unwrap();
    assert!(holds(&reader, 6));
}

#[test]
fn a_state_with_a_flipped_bit_is_noticed_and_thrown_away_at_the_next_start() {
    let house = House::holding(&batch(5));
    let path = house.file("states.db");
    let mut bytes = fs::read(&path).unwrap();
    let state = br#"{"balance":5}"#;
    let places: Vec<_> =
        (0..bytes.len() - state.len()).filter(|at| bytes[*at..].starts_with(state)).collect();
    for at in places {
        bytes[at + state.len() - 2] ^= 1;
    }
    fs::write(&path, bytes).unwrap();

    let (reader, writer) = house.open();
    let error = reader.aggregate("account", account(1).id).unwrap_err();
    assert!(error.is_damage(), "{error}");
    drop(reader);
    writer.close().unwrap();
    assert!(!house.holds(5));
    assert_eq!(house.open().0.aggregate("account", account(1).id).unwrap(), None);
}

#[test]
fn a_cleared_store_begins_at_the_start_of_the_log() {
    let house = House::new();
    let (reader, mut writer) = house.open();
    writer.write(&batch(5)).unwrap();
    writer.clear().unwrap();
    assert_eq!(reader.head().unwrap(), Checkpoint::start(LOG));
    assert_eq!(reader.aggregate("account", account(1).id).unwrap(), None);
    assert_eq!(reader.command(Uuid::from_u128(5)).unwrap(), None);
    writer.write(&batch(6)).unwrap();
    assert!(holds(&reader, 6));
}

#[test]
fn two_instances_share_a_directory() {
    let house = House::new();
    let (first, mut writer) = house.open();
    writer.write(&batch(5)).unwrap();
    let (second, second_writer) = house.open();
    assert!(holds(&first, 5));
    assert!(!holds(&second, 5));

    drop(writer);
    let (third, _writer) = house.open(); // the first still reads
    assert!(!holds(&third, 5));
    drop((first, second, second_writer));
    assert!(house.holds(5), "the first directory is free");
}

#[test]
fn a_category_that_the_store_does_not_know_is_a_defect() {
    let house = House::new();
    let (reader, mut writer) = house.open();
    let unknown = StreamId::new("todo", Uuid::nil());
    let aggregates = vec![(account(1), state(5)), (unknown, state(5))];
    let error = writer.write(&StateBatch { aggregates, ..batch(5) }).unwrap_err();
    assert!(matches!(&error, StateStoreError::UnknownCategory(name) if name == "todo"), "{error}");
    assert!(reader.aggregate("todo", Uuid::nil()).is_err());
    assert_eq!(reader.head().unwrap(), Checkpoint::start(LOG), "nothing of it was written");
}
