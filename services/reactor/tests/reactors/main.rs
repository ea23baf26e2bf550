//! The reactor service against a real nats-server: what fails, and what is made good.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod checkpoints;
mod notifications;
mod outages;
mod retries;
mod status;
mod stopping;
mod takeover;
mod world;
