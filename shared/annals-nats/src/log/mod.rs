//! The log on JetStream.

mod foreign;
mod jetstream_log;
mod ring;
mod shared_reader;
pub(crate) mod stream;
mod tail;

pub use foreign::report_foreign;
pub use jetstream_log::JetStreamLog;
pub use shared_reader::{Follower, SharedReader};
pub use stream::StreamError;
pub use tail::JetStreamTail;
