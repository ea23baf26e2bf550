//! Looks up.

use std::{collections::HashMap, sync::Arc};

use annals_core::{
    Fingerprint,
    log::{Checkpoint, Hash, Head},
};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    StateStoreError, StoredCommand, StoredState,
    schema::{self, categories},
    slot::Slot,
};

/// Bytes of the hash that are kept of a state.
const CHECKSUM_BYTES: usize = 8;

/// Reads the store as the last batch left it. Each read is a prepared statement, some microseconds.
#[derive(Debug)]
pub struct StateReader {
    connection: Connection,
    categories: HashMap<String, i64>,
    slot: Arc<Slot>,
}

impl StateReader {
    pub(super) fn open(slot: Arc<Slot>) -> Result<Self, StateStoreError> {
        let connection = schema::connect_reader(&slot.database())?;
        let categories = categories(&connection)?;
        let categories = categories.into_iter().map(|(name, (number, _))| (name, number)).collect();
        Ok(Self { connection, categories, slot })
    }

    /// How far the store is.
    pub fn head(&self) -> Result<Checkpoint, StateStoreError> {
        self.noting_damage(self.checkpoint())
    }

    /// The state of an aggregate; none if it has no event.
    pub fn aggregate(&self, category: &str, id: Uuid) -> Result<Option<StoredState>, StateStoreError> {
        let Some(number) = self.categories.get(category) else {
            return Err(StateStoreError::UnknownCategory(category.into()));
        };
        self.noting_damage(self.state(*number, id))
    }

    /// A command that stored something; none if it did not.
    pub fn command(&self, id: Uuid) -> Result<Option<StoredCommand>, StateStoreError> {
        self.noting_damage(self.stored_command(id))
    }

    fn checkpoint(&self) -> Result<Checkpoint, StateStoreError> {
        let mut select =
            self.connection.prepare_cached("select position, head_position, head_hash from checkpoint")?;
        let (position, head, hash): (i64, i64, [u8; 32]) =
            select.query_one([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let head = Head { position: head.cast_unsigned(), hash: Hash::from_bytes(hash) };
        Ok(Checkpoint { position: position.cast_unsigned(), head })
    }

    fn state(&self, category: i64, id: Uuid) -> Result<Option<StoredState>, StateStoreError> {
        let mut select = self.connection.prepare_cached(
            "select version, position, state, checksum from aggregates where category = ? and id = ?",
        )?;
        let found = select.query_one(params![category, id.as_bytes()], |row| {
            let (version, position): (i64, i64) = (row.get(0)?, row.get(1)?);
            let (version, position) = (version.cast_unsigned(), position.cast_unsigned());
            Ok((StoredState { version, position, state: row.get(2)? }, row.get(3)?))
        });
        let found: Option<(_, [u8; CHECKSUM_BYTES])> = found.optional()?;
        let Some((state, written)) = found else { return Ok(None) };
        if checksum(category, id, &state) == written {
            Ok(Some(state))
        } else {
            Err(StateStoreError::Damaged("a state is not what was written"))
        }
    }

    fn stored_command(&self, id: Uuid) -> Result<Option<StoredCommand>, StateStoreError> {
        let mut select =
            self.connection.prepare_cached("select address, fingerprint from commands where id = ?")?;
        let found = select.query_one([id.as_bytes()], |row| {
            let address = row.get::<_, i64>(0)?.cast_unsigned();
            let [.., high, low] = address.to_be_bytes();
            let place = u16::from_be_bytes([high, low]).into();
            let fingerprint = Fingerprint::from_bytes(row.get(1)?);
            Ok(StoredCommand { position: address >> 16, place, fingerprint })
        });
        Ok(found.optional()?)
    }

    fn noting_damage<T>(&self, result: Result<T, StateStoreError>) -> Result<T, StateStoreError> {
        note_damage(&self.slot, &result);
        result
    }
}

/// Has the file thrown away when the store is opened again, if it is damaged.
pub(super) fn note_damage<T>(slot: &Slot, result: &Result<T, StateStoreError>) {
    if let Err(error) = result
        && error.is_damage()
        && let Err(unwritten) = slot.condemn()
    {
        tracing::warn!(%error, %unwritten, "the state store is damaged, and that could not be noted");
    }
}

/// Over all of a state: SQLite does not notice a bit that was flipped in a row.
pub(super) fn checksum(category: i64, id: Uuid, stored: &StoredState) -> [u8; CHECKSUM_BYTES] {
    let mut sum = Sha256::new();
    sum.update(category.to_be_bytes());
    sum.update(id.as_bytes());
    sum.update(stored.version.to_be_bytes());
    sum.update(stored.position.to_be_bytes());
    sum.update(&stored.state);
    let sum: [u8; 32] = sum.finalize().into();
    *sum.first_chunk().expect("a hash has more bytes than a checksum")
}
