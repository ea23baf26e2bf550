//! The log: what happened, in one order, for ever.
//!
//! A [`Commit`] is what one command did to one aggregate. An [`Entry`] is the commits that were written together:
//! one message, one sync, one position. The [`Chain`] says which messages are entries. A [`Log`] stores them.

mod chain;
mod commit;
mod entry;
mod event;
mod hash;
mod memory_log;
mod port;
mod reader;

#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use chain::{Chain, Checkpoint, Foreign, Head, Membership, NotAHead, SUBJECT, Stop, header};
pub use commit::{Commit, Decided, EventRecord, Fingerprint, Place, StoredCommit, event_id};
pub use entry::{Entry, EntryBody, EntryError};
pub use event::ANONYMOUS;
pub use hash::{Hash, NotAHash};
pub use memory_log::{MemoryLog, MemoryTail, Trouble};
pub use port::{AppendError, Draft, Log, LogError, LogMessage, Tail};
pub use reader::{EntryReader, Read, ReadError};
