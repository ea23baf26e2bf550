//! Another writer of the log. It keeps to the rules of the chain, and stores whatever it likes.

use async_nats::HeaderMap;
use serde_json::Value;

use crate::audit::{
    chain::{Chain, SUBJECT},
    reader::Reader,
};

/// Stores an entry of these events (an array of `CloudEvents`) after all that there is; its position. Services that
/// are about to write have to read it first.
///
/// # Panics
/// When there is no log.
pub async fn append(nats_url: &str, events: &Value) -> u64 {
    let mut reader = Reader::open(nats_url).await;
    let (mut chain, mut read, mut last) = (Chain::new(reader.log_id()), 0, 0);
    let body = events.to_string().into_bytes();
    loop {
        let end = reader.end().await;
        while read < end {
            let stored = reader.next().await;
            read = stored.position;
            if stored.subject == SUBJECT {
                last = stored.position;
            }
            chain.take(&stored);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in chain.headers(&body) {
            headers.insert(name, value);
        }
        headers.insert("Nats-Expected-Last-Subject-Sequence", last.to_string());
        if let Some(position) = reader.publish(SUBJECT, headers, body.clone()).await {
            return position;
        }
    }
}
