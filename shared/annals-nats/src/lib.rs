//! The log, the bus and durable subscriptions on NATS JetStream: the only user of `async-nats`.

mod attempts;
mod bucket;
mod bus;
mod connection;
mod consumer;
mod deadline;
mod delivery;
mod direct;
mod floors;
mod follow;
mod jetstream_log;
mod listen;
mod log;
mod memory_log;
mod pull;
mod serve;
mod stream;
mod subject;
mod wake;

pub mod server;

pub use attempts::Attempts;
pub use bus::Bus;
pub use connection::{ConnectError, Nats};
pub use delivery::Delivery;
pub use follow::Follower;
pub use jetstream_log::JetStreamLog;
pub use listen::{Listener, Standing};
pub use log::{Appended, Log, LogError, Page, Scope};
pub use memory_log::MemoryLog;
pub use pull::Pull;
pub use serve::Service;
pub use stream::StreamError;
pub use wake::Wake;
