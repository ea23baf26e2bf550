//! Finds, fetches and runs nats-server: for `annals up`, where it is the only child, and for tests,
//! where each has a server of its own.

mod configuration;
mod fetch;
mod find;
mod left_behind;
mod process;
mod ready;
mod supervise;
mod version;

pub mod monitor;

pub use configuration::Options;
pub use find::{FindError, find};
pub use left_behind::stop_left_behind;
pub use process::{NatsServer, StartError, last_lines};
pub use supervise::supervise;
pub use version::{ServerVersion, UnknownVersion};
