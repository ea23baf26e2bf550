//! The log, the bus and durable subscriptions on NATS JetStream: the only user of `async-nats`.

mod attempts;
mod bucket;
mod bus;
mod connection;
mod consumer;
mod crew;
mod deadline;
mod delivery;
mod direct;
mod floors;
mod follow;
mod hands;
mod jetstream_log;
mod listen;
mod log;
mod memory_log;
mod outcomes;
mod pull;
mod queue;
mod serve;
mod source;
mod stream;
mod subject;
mod wake;
mod watch;

pub mod server;

pub use attempts::Attempts;
pub use bus::Bus;
pub use connection::{ConnectError, Nats};
pub use crew::Crew;
pub use delivery::{Content, Delivery};
pub use follow::Follower;
pub use hands::Hands;
pub use jetstream_log::JetStreamLog;
pub use listen::Listener;
pub use log::{Appended, Log, LogError, Page, Scope};
pub use memory_log::MemoryLog;
pub use outcomes::{Kept, Outcomes};
pub use pull::Pull;
pub use queue::{Put, Queue};
pub use serve::Service;
pub use source::{Source, Standing};
pub use stream::StreamError;
pub use wake::Wake;
pub use watch::Watch;
