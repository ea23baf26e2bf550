//! A file per peer.

pub mod cqrs_postgres;
pub mod cqrs_sqlite;
mod group;
pub mod postgres;
pub mod uma;
