//! The hash of a commit, as bytes: there may be a million aggregates, and each has one.

use std::fmt;

use annals_core::StoredCommit;

/// SHA-256 of a commit as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash([u8; 32]);

impl Hash {
    /// That of a commit.
    pub(crate) fn of(stored: &StoredCommit) -> Self {
        Self::parse(&stored.hash).expect("the hash of a commit is SHA-256 in hex")
    }

    /// Reads it as it is written.
    pub(crate) fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

/// In hex, as commits name the one before them.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
