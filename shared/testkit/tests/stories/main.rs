//! A story per domain, over HTTP.

#[path = "../bank/mod.rs"]
mod bank;
mod transfer;
//! What people do with each domain, end to end.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod todo;
mod reward;
