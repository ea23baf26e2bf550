//! Batched direct get (NATS ADR-31): many messages for one request. The client has no call for it.

use annals_core::{CommitError, Position, StoredCommit};
use async_nats::{Message, StatusCode, header::HeaderMap};
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::timeout;

use crate::{LogError, Nats, connection::PATIENCE, log::unavailable, stream};

/// What one request gave.
pub(crate) struct Batch {
    pub commits: Vec<StoredCommit>,
    /// Whether there is more after the last one.
    pub more: bool,
}

/// At most so many bytes come for one request, so that memory is bounded whatever the limit.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Reads up to `limit` messages of `subject`, from the sequence `from` on, and up to one that cannot be read:
/// that is an error if it is the first.
pub(crate) async fn get(nats: &Nats, subject: &str, from: Position, limit: usize) -> Result<Batch, LogError> {
    let client = &nats.client;
    let inbox = client.new_inbox();
    let api = format!("$JS.API.DIRECT.GET.{}", stream::NAME);
    let request =
        json!({ "batch": limit, "max_bytes": MAX_BYTES, "seq": from.max(1), "next_by_subj": subject });
    let asked = async {
        let replies = client.subscribe(inbox.clone()).await.map_err(unavailable)?;
        client.publish_with_reply(api, inbox, request.to_string().into()).await.map_err(unavailable)?;
        Ok::<_, LogError>(replies)
    };
    let mut replies = timeout(PATIENCE, asked).await.map_err(unavailable)??;

    let mut commits = Vec::new();
    loop {
        let reply = timeout(PATIENCE, replies.next())
            .await
            .map_err(|_| unavailable("the log does not answer"))?
            .ok_or_else(|| unavailable("the connection is closing"))?;
        match reply.status {
            None => {
                nothing_is_missing(&commits, reply.headers.as_ref())?;
                match decode(&reply) {
                    Ok(stored) => commits.push(stored),
                    Err(error) if commits.is_empty() => return Err(error.into()),
                    // What cannot be read is in the way of what comes after it, not of what came before.
                    Err(_) => return Ok(Batch { commits, more: true }),
                }
            }
            Some(StatusCode::NOT_FOUND) => return Ok(Batch { commits, more: false }),
            Some(status) if status.as_u16() == 204 => {
                nothing_is_missing(&commits, reply.headers.as_ref())?;
                let pending: u64 = number(reply.headers.as_ref(), "Nats-Num-Pending").unwrap_or(0);
                return Ok(Batch { commits, more: pending > 0 });
            }
            Some(StatusCode::NO_RESPONDERS) => return Err(unavailable("there is no log yet")),
            Some(status) => return Err(unavailable(format!("the log answers {status}"))),
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
    let position = number(reply.headers.as_ref(), "Nats-Sequence").ok_or_else(|| CommitError::Malformed {
        position: 0,
        reason: "the server sent a message without its sequence".into(),
    })?;
    StoredCommit::decode(position, &reply.payload)
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
