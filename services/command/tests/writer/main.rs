//! The writer, on a log in memory and on a real server.

#![allow(clippy::unwrap_used)]

mod bank;
mod conflicts;
mod histories;
mod lost;
mod repeats;
mod state_store;
