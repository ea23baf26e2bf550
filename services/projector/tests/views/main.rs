//! Views that survive everything, on a real nats-server and real files.

#![allow(clippy::unwrap_used)] // as in every test; helpers are not recognised as such

mod consumers;
mod directories;
mod events;
mod files;
mod fixtures;
mod index;
mod outsider;
mod server;
mod things;
