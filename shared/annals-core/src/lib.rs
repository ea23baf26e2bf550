//! The framework, without I/O.
//!
//! A domain says what may happen ([`Decider`]), what is shown of it ([`Projection`]) and what
//! follows from it ([`Reactor`]). The [`Catalog`] holds all domains in one place, and the services
//! run whatever it holds. What happened is kept as [`Commit`]s.
//!
//! Nothing here waits, reads a clock or draws a random number: what is pure can be rebuilt,
//! compared, and replayed to any point.

mod address;
mod catalog;
mod category;
mod change;
mod context;
mod decider;
mod erased;
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
pub mod index;
pub mod log;
pub mod testing;
pub mod values;

pub use address::{Address, NotAnAddress};
pub use catalog::{Catalog, CatalogError, Domain};
pub use category::{Category, Refused, Rejection};
pub use change::Change;
pub use context::{Context, TraceParent};
pub use decider::Decider;
pub use erased::{ParsedCommand, State};
pub use fields::FieldError;
pub use handler::{Handler, Listen};
pub use ids::{Position, StreamId, Version, command_id, reaction_id};
pub use log::{Commit, Decided, EventRecord, Fingerprint, Place, StoredCommit, event_id};
pub use outcome::{Outcome, Stage};
pub use projection::{Column, Kind, Order, Projection, Shows};
pub use reactor::{
    Deliver, Dispatch, Notice, Outgoing, ReactError, Reaction, Reactor, Request, Start, tagged,
};
pub use recorded::{EventView, Recorded, address, micros};
pub use schema::{Unreadable, Upcaster};
pub use sql::{Sql, SqlValue};
