//! Batched direct get (NATS ADR-31): many messages for one request. The client has no call for it.

use std::collections::HashMap;

use annals_core::{Position, StoredCommit};
use async_nats::{Client, Message, StatusCode, Subscriber, header::HeaderMap};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{LogError, connection::PATIENCE, log::unavailable, stream};

/// What one request gave.
pub(crate) struct Batch {
    pub commits: Vec<StoredCommit>,
    /// Whether there is more after the last one.
    pub more: bool,
}

/// At most so many bytes come for one request, so that memory is bounded whatever the limit.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// What comes for one request, part by part.
struct Parts {
    replies: Subscriber,
    /// The sequence of the part before; 0: none.
    before: Position,
}

/// Some of it.
enum Part {
    Message(Message, Position),
    /// The last one, and whether there is more than was asked for.
    End {
        more: bool,
    },
}

/// Reads up to `limit` messages of `subject`, from the sequence `from` on, and up to one that cannot be read:
/// that is an error if it is the first.
pub(crate) async fn get(
    client: &Client,
    subject: &str,
    from: Position,
    limit: usize,
) -> Result<Batch, LogError> {
    let request =
        json!({ "batch": limit, "max_bytes": MAX_BYTES, "seq": from.max(1), "next_by_subj": subject });
    let mut parts = Parts::ask(client, &request).await?;
    let mut commits = Vec::new();
    loop {
        match parts.next().await? {
            Part::End { more } => return Ok(Batch { commits, more }),
            Part::Message(message, position) => match StoredCommit::decode(position, &message.payload) {
                Ok(stored) => commits.push(stored),
                Err(error) if commits.is_empty() => return Err(error.into()),
                // What cannot be read is in the way of what comes after it, not of what came before.
                Err(_) => return Ok(Batch { commits, more: true }),
            },
        }
    }
}

/// Where subjects stand: the sequence of the last message of each that has one. At most 1000 of them. None if
/// their messages are too much for one answer: they come whole.
pub(crate) async fn ends(
    client: &Client,
    subjects: &[&str],
) -> Result<Option<HashMap<String, Position>>, LogError> {
    let request = json!({ "batch": subjects.len(), "max_bytes": MAX_BYTES, "multi_last": subjects });
    let (mut parts, mut ends) = (Parts::ask(client, &request).await?, HashMap::new());
    loop {
        match parts.next().await? {
            Part::End { more } => return Ok((!more).then_some(ends)),
            Part::Message(message, position) => {
                let subject = message.headers.as_ref().and_then(|headers| headers.get("Nats-Subject"));
                let subject = subject.ok_or_else(|| unavailable("the server sent no subject"))?;
                ends.insert(subject.to_string(), position);
            }
        }
    }
}

impl Parts {
    async fn ask(client: &Client, request: &Value) -> Result<Self, LogError> {
        let inbox = client.new_inbox();
        let api = format!("$JS.API.DIRECT.GET.{}", stream::NAME);
        let asked = async {
            let replies = client.subscribe(inbox.clone()).await.map_err(unavailable)?;
            client.publish_with_reply(api, inbox, request.to_string().into()).await.map_err(unavailable)?;
            Ok(Self { replies, before: 0 })
        };
        timeout(PATIENCE, asked).await.map_err(unavailable)?
    }

    async fn next(&mut self) -> Result<Part, LogError> {
        let reply = timeout(PATIENCE, self.replies.next())
            .await
            .map_err(|_| unavailable("the log does not answer"))?
            .ok_or_else(|| unavailable("the connection is closing"))?;
        let headers = reply.headers.as_ref();
        match reply.status {
            None => {
                nothing_is_missing(self.before, headers)?;
                let unnumbered = || unavailable("the server sent a message without its sequence");
                self.before = number(headers, "Nats-Sequence").ok_or_else(unnumbered)?;
                Ok(Part::Message(reply, self.before))
            }
            Some(StatusCode::NOT_FOUND) => Ok(Part::End { more: false }),
            Some(status) if status.as_u16() == 204 => {
                nothing_is_missing(self.before, headers)?;
                Ok(Part::End { more: number(headers, "Nats-Num-Pending").is_some_and(|pending| pending > 0) })
            }
            Some(StatusCode::NO_RESPONDERS) => Err(unavailable("there is no log yet")),
            Some(status) => Err(unavailable(format!("the log answers {status}"))),
        }
    }
}

/// Each part names the one before it (0: none). A connection that was lost meanwhile, and made again, can
/// have swallowed some of them.
fn nothing_is_missing(before: Position, headers: Option<&HeaderMap>) -> Result<(), LogError> {
    match number(headers, "Nats-Last-Sequence") {
        Some(named) if named == before => Ok(()),
        _ => Err(unavailable("a part of what was read got lost")),
    }
}

fn number(headers: Option<&HeaderMap>, name: &str) -> Option<u64> {
    headers?.get(name)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_what_comes_is_no_answer() {
        let named = |before: u64| {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Last-Sequence", before.to_string().as_str());
            headers
        };
        assert!(nothing_is_missing(0, Some(&named(0))).is_ok());
        assert!(nothing_is_missing(0, Some(&named(7))).is_err());
        assert!(nothing_is_missing(0, None).is_err());
    }
}
