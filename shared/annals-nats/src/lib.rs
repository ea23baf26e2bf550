//! The log, the bus, the queue of commands and key-value buckets on NATS: the only user of `async-nats`.

mod connection;
mod kv;
mod leader;
mod log;
mod publish;
mod queue;
mod rpc;
mod subject;

pub mod server;

pub use connection::{ConnectError, Nats};
pub use kv::{
    DeliveryMarkers, Held, Kept, Lease, LeaseTiming, Outcomes, ReactorCheckpoint, ReactorCheckpoints,
};
pub use log::{Follower, JetStreamLog, JetStreamTail, SharedReader, StreamError, report_foreign};
pub use queue::{Put, PutError, Queue, QueueConsumer, QueuedCommand};
pub use rpc::{Bus, CommandService, ServeError, Service, caught};
