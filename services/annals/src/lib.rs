//! All services in one process, with nats-server as the only child.

pub mod bench;
pub mod cli;
pub mod up;

mod home;
mod services;
