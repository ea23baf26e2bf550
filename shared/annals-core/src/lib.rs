//! The framework, without I/O.
//!
//! A domain says what may happen ([`Decider`]), what is shown of it ([`Projection`]) and what
//! follows from it ([`Reactor`]). The [`Catalog`] holds all domains in one place, and the services
//! run whatever it holds. What happened is kept as [`Commit`]s.
//!
//! Nothing here waits, reads a clock or draws a random number: what is pure can be rebuilt,
//! compared, and replayed to any point.

mod catalog;
mod category;
mod change;
mod commit;
mod context;
mod decider;
mod fields;
mod handler;
mod ids;
mod outcome;
mod projection;
mod reactor;
mod recorded;
mod schema;
mod sql;
mod tagged;
mod variants;

pub mod bus;
pub mod testing;
pub mod values;

pub use catalog::{Catalog, CatalogError, Domain};
pub use category::{Category, Refused, Rejection, State};
pub use change::Change;
pub use commit::{Commit, CommitError, Decided, EventRecord, Fingerprint, StoredCommit};
pub use context::{Context, TraceParent};
pub use decider::Decider;
pub use fields::FieldError;
pub use handler::{Handler, Listen};
pub use ids::{Position, StreamId, Version, command_id, reaction_id};
pub use outcome::{Outcome, Stage};
pub use projection::{Column, Kind, Order, Projection, Shows};
pub use reactor::{
    Deliver, Dispatch, Notice, Outgoing, ReactError, Reaction, Reactor, Request, Start, tagged,
};
pub use recorded::{EventView, Recorded, micros};
pub use schema::{Unreadable, Upcaster};
pub use sql::{Sql, SqlValue};
