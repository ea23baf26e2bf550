//! A story per domain, over HTTP.

#[path = "../bank/mod.rs"]
mod bank;
mod transfer;
