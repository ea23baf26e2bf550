//! Durable consumers, as views and reactors have in common.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};

use crate::{LogError, Nats, log::unavailable, stream, subject};

impl Nats {
    /// Creates the durable consumer of some categories, or finds it. `config` says how it
    /// acknowledges, and where it begins.
    pub(crate) async fn consumer(
        &self,
        durable: &str,
        categories: &[&str],
        config: pull::Config,
    ) -> Result<Consumer<pull::Config>, LogError> {
        let config = pull::Config {
            durable_name: Some(durable.into()),
            filter_subjects: categories.iter().map(|category| subject::of_category(category)).collect(),
            ..config
        };
        self.jetstream.create_consumer_on_stream(config, stream::NAME).await.map_err(unavailable)
    }
}

/// Bytes that one pull asks for: a message may be large, and memory is bounded all the same.
pub(crate) const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Begins to pull, `batch` at a time. A server that is gone shows as a missing heartbeat.
pub(crate) async fn pull(consumer: &Consumer<pull::Config>, batch: usize) -> Result<pull::Stream, LogError> {
    consumer
        .stream()
        .max_messages_per_batch(batch)
        .max_bytes_per_batch(BATCH_BYTES)
        .expires(Duration::from_secs(30))
        .heartbeat(Duration::from_secs(5))
        .messages()
        .await
        .map_err(unavailable)
}
