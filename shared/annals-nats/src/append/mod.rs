//! Appending: one commit at a time while few wait, many in one atomic batch when many do.
//!
//! With `sync_interval: always` the server syncs the file once for every single message, but only a few
//! times for an atomic batch (NATS ADR-50): the batch is the group commit.

mod appender;
mod batch;
mod line;
mod outgoing;
mod single;

pub(crate) use appender::Appender;
pub(crate) use outgoing::Outgoing;
pub(crate) use single::Published;
