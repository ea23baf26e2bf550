//! Batched direct get (NATS ADR-31): many messages for one request. The client has no call for it.

use std::collections::HashMap;

use annals_core::{CommitError, Position, StoredCommit};
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
struct Parts(Subscriber);

/// Some of it.
enum Part {
    Message(Message),
    /// The last one: a page's end, or nothing at all.
    End {
        headers: Option<HeaderMap>,
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
            Part::End { headers: None, more } => return Ok(Batch { commits, more }),
            Part::End { headers, more } => {
                nothing_is_missing(&commits, headers.as_ref())?;
                return Ok(Batch { commits, more });
            }
            Part::Message(message) => {
                nothing_is_missing(&commits, message.headers.as_ref())?;
                match decode(&message) {
                    Ok(stored) => commits.push(stored),
                    Err(error) if commits.is_empty() => return Err(error.into()),
                    // What cannot be read is in the way of what comes after it, not of what came before.
                    Err(_) => return Ok(Batch { commits, more: true }),
                }
            }
        }
    }
}

/// Where subjects stand: the sequence of the last message of each that has one. At most 1000 of them.
pub(crate) async fn ends(client: &Client, subjects: &[&str]) -> Result<HashMap<String, Position>, LogError> {
    let request = json!({ "batch": subjects.len(), "multi_last": subjects });
    let (mut parts, mut ends) = (Parts::ask(client, &request).await?, HashMap::new());
    while let Part::Message(message) = parts.next().await? {
        let headers = message.headers.as_ref();
        let subject = headers.and_then(|headers| headers.get("Nats-Subject"));
        let subject = subject.ok_or_else(|| unavailable("the server sent a message without its subject"))?;
        ends.insert(subject.to_string(), sequence(headers)?);
    }
    Ok(ends)
}

impl Parts {
    async fn ask(client: &Client, request: &Value) -> Result<Self, LogError> {
        let inbox = client.new_inbox();
        let api = format!("$JS.API.DIRECT.GET.{}", stream::NAME);
        let asked = async {
            let replies = client.subscribe(inbox.clone()).await.map_err(unavailable)?;
            client.publish_with_reply(api, inbox, request.to_string().into()).await.map_err(unavailable)?;
            Ok(Self(replies))
        };
        timeout(PATIENCE, asked).await.map_err(unavailable)?
    }

    async fn next(&mut self) -> Result<Part, LogError> {
        let reply = timeout(PATIENCE, self.0.next())
            .await
            .map_err(|_| unavailable("the log does not answer"))?
            .ok_or_else(|| unavailable("the connection is closing"))?;
        match reply.status {
            None => Ok(Part::Message(reply)),
            Some(StatusCode::NOT_FOUND) => Ok(Part::End { headers: None, more: false }),
            Some(status) if status.as_u16() == 204 => {
                let pending: u64 = number(reply.headers.as_ref(), "Nats-Num-Pending").unwrap_or(0);
                Ok(Part::End { headers: reply.headers, more: pending > 0 })
            }
            Some(StatusCode::NO_RESPONDERS) => Err(unavailable("there is no log yet")),
            Some(status) => Err(unavailable(format!("the log answers {status}"))),
        }
    }
}

/// Each part names the one before it (0: none). A connection that was lost meanwhile, and made again, can
/// have swallowed some of them.
fn nothing_is_missing(commits: &[StoredCommit], headers: Option<&HeaderMap>) -> Result<(), LogError> {
    let before = commits.last().map_or(0, |stored| stored.position);
    match number(headers, "Nats-Last-Sequence") {
        Some(named) if named == before => Ok(()),
        _ => Err(unavailable("a part of what was read got lost")),
    }
}

fn decode(reply: &Message) -> Result<StoredCommit, CommitError> {
    StoredCommit::decode(sequence(reply.headers.as_ref())?, &reply.payload)
}

fn sequence(headers: Option<&HeaderMap>) -> Result<Position, CommitError> {
    number(headers, "Nats-Sequence").ok_or_else(|| CommitError::Malformed {
        position: 0,
        reason: "the server sent a message without its sequence".into(),
    })
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
        assert!(nothing_is_missing(&[], Some(&named(0))).is_ok());
        assert!(nothing_is_missing(&[], Some(&named(7))).is_err());
        assert!(nothing_is_missing(&[], None).is_err());
    }
}
