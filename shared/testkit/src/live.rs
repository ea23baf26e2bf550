//! The log as it goes on, block by block, without the client that others use.

use std::{error::Error, pin::Pin};

use futures_util::{Stream, StreamExt, stream};
use reqwest::StatusCode;
use serde_json::Value;
use sse_stream::{Sse, SseStream};

use crate::Client;

/// An answer that goes on. Dropping it hangs up.
pub struct Live {
    blocks: Pin<Box<dyn Stream<Item = Result<Sse, sse_stream::Error>> + Send>>,
}

/// One block of it.
#[derive(Debug, Clone)]
pub struct Block {
    /// The type of the event; none if the block has none.
    pub kind: Option<String>,
    /// The event as it was sent; empty if the block has none.
    pub data: String,
    /// Where to resume from, if that changes: `{position}.{place}`, or `{position}`.
    pub id: Option<String>,
}

impl Block {
    /// The event; null if the block has none.
    #[must_use]
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_default()
    }
}

impl Client {
    /// Follows the log. `query` may be empty, and `resume` is the last id that was seen.
    ///
    /// # Errors
    /// When the gateway does not answer, or does not answer with a stream.
    pub async fn follow(&self, query: &str, resume: Option<&str>) -> Result<Live, Box<dyn Error>> {
        let call = self.get(&format!("/v1/events?{query}")).header("Accept", "text/event-stream");
        let call = match resume {
            Some(address) => call.header("Last-Event-ID", address),
            None => call,
        };
        let response = call.0.send().await?;
        if response.status() != StatusCode::OK {
            return Err(format!("{}: {}", response.status(), response.text().await?).into());
        }
        let parts = stream::try_unfold(response, async |mut response| {
            Ok::<_, reqwest::Error>(response.chunk().await?.map(|part| (part, response)))
        });
        Ok(Live { blocks: SseStream::from_bytes_stream(parts).boxed() })
    }
}

impl Live {
    /// What comes next; none at a clean end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn next(&mut self) -> Result<Option<Block>, Box<dyn Error>> {
        let Some(block) = self.blocks.next().await.transpose()? else { return Ok(None) };
        Ok(Some(Block { kind: block.event, data: block.data.unwrap_or_default(), id: block.id }))
    }
}
