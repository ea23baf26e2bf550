//! Names of things: streams, positions, and the ids that are derived rather than drawn.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A place in the whole log: the stream sequence of an entry, from 1. 0 is before the beginning.
pub type Position = u64;

/// The number of an event in its stream, from 1 and without gaps. 0 is before the beginning.
pub type Version = u64;

/// Root of the ids that are derived from an `Idempotency-Key`.
const COMMANDS: Uuid = Uuid::from_u128(0x6f0a_9f6e_2d0c_5c27_9d4e_4b1f_3f6a_7c11);

/// Names the stream of one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamId {
    /// The kind of aggregate, as its decider is named.
    pub category: String,
    /// The aggregate.
    pub id: Uuid,
}

impl StreamId {
    /// The stream of the aggregate `id` of `category`.
    pub fn new(category: impl Into<String>, id: Uuid) -> Self {
        Self { category: category.into(), id }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.id)
    }
}

/// The id of the command that `actor` gives to a stream under an idempotency key.
///
/// The same key on another aggregate, or from another actor, is another command: message ids are
/// global to the log, so the target belongs in them.
#[must_use]
pub fn command_id(actor: &str, stream: &StreamId, key: &str) -> Uuid {
    let id = stream.id.to_string();
    let name = [actor, &stream.category, &id, key].map(|part| format!("{}:{part}", part.len()));
    Uuid::new_v5(&COMMANDS, name.concat().as_bytes())
}

/// The id of what `reactor` does about an event at `position`. `name` is the reaction's own fixed name, so that
/// a reactor can do several things about one event.
///
/// A `UUIDv8` with the cause's position in front, so that ids are stored in about the order in which they are
/// made: a table of random ids is slow once it is large.
#[must_use]
pub fn reaction_id(reactor: &str, position: Position, event_id: Uuid, name: &str) -> Uuid {
    let digest =
        Sha256::new().chain_update(event_id.as_bytes()).chain_update(format!("{reactor}:{name}")).finalize();
    let mut bytes: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
    bytes[..6].copy_from_slice(&position.to_be_bytes()[2..]);
    Uuid::new_v8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bound_to_actor_and_stream() {
        let ada = StreamId::new("account", Uuid::from_u128(1));
        let bob = StreamId::new("account", Uuid::from_u128(2));

        assert_eq!(command_id("me", &ada, "k"), command_id("me", &ada, "k"));
        assert_ne!(command_id("me", &ada, "k"), command_id("me", &bob, "k"));
        assert_ne!(command_id("me", &ada, "k"), command_id("you", &ada, "k"));
    }
}
