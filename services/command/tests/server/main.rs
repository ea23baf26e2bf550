//! The command service on a real nats-server.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod acknowledgements;
#[allow(dead_code)] // the writer's tests use the rest
#[path = "../writer/bank.rs"]
mod bank;
mod conflicts;
mod logs;
mod outages;
mod queue;
mod queue_faults;
mod service;
