//! The reactor service against a real nats-server: what fails, and what is made good.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod deleted;
mod delivery;
mod retries;
mod sharing;
mod standing;
mod stopping;
mod survival;
mod world;
