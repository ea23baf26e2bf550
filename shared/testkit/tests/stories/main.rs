//! A story per domain, over HTTP.

#[path = "../bank/mod.rs"]
mod bank;
mod transfer;
//! What people do with each domain, end to end.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod todo;
mod reward;
//! Stories over HTTP: what somebody does, and what everybody sees of it.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod post;
mod posts_page;
//! A story per domain, and what the system says of itself, over HTTP.
//! What people do with each domain, end to end.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod reactors;
