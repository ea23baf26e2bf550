//! A story per domain over HTTP: what people do, and what everybody sees of it.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod r#async;
#[path = "../bank/mod.rs"]
mod bank;
mod catalog;
mod client;
mod foreign;
mod openapi;
mod person;
mod post;
mod posts_page;
mod reactors;
mod reward;
mod sse;
mod todo;
mod transfer;
