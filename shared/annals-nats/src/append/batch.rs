//! Many messages, stored all or none (NATS ADR-50). The client has no call for it.

use annals_core::Position;
use async_nats::{
    Client, PublishErrorKind, Request, RequestError, RequestErrorKind,
    jetstream::{publish::PublishAck, response::Response},
};
use bytes::Bytes;
use tokio::time::timeout;
use uuid::Uuid;

use super::Outgoing;
use crate::{
    connection::PATIENCE,
    publish::{Unpublished, is_in_flight, is_stale},
};

/// A batch holds at most so many messages, says the server.
pub(super) const MOST: usize = 1000;

/// A batch holds at most so many bytes, so that memory is bounded.
pub(super) const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Why a batch is not there, or may not be.
#[derive(Debug)]
pub(super) enum Unstored {
    /// None is stored: one or more are stale, repeats, or too large, and nobody says which.
    ForSome,
    /// The same holds for all of them.
    ForAll(Unpublished),
}

/// Publishes the members as one batch, waits until all of it is on disk, and says where the first one is.
/// The subjects differ from each other.
pub(super) async fn publish(client: &Client, members: &[&Outgoing]) -> Result<Position, Unstored> {
    match timeout(PATIENCE, send(client, members)).await {
        Ok(reply) => judge(&reply?, members.len()),
        Err(_) => Err(in_doubt("no acknowledgement".into())),
    }
}

async fn send(client: &Client, members: &[&Outgoing]) -> Result<Bytes, Unstored> {
    let id = Uuid::now_v7().to_string();
    let (last, others) = members.split_last().expect("nobody departs without members");
    for (number, member) in (1..).zip(others) {
        let (headers, payload) = member.within(&id, number);
        let sent = client.publish_with_headers(member.subject.clone(), headers, payload).await;
        sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => Unstored::ForSome,
            PublishErrorKind::InvalidSubject | PublishErrorKind::Send => refused(&error),
        })?;
    }
    let (mut headers, payload) = last.within(&id, members.len());
    headers.insert("Nats-Batch-Commit", "1");
    let commit = Request::new().headers(headers).payload(payload).timeout(Some(PATIENCE));
    let reply = client.send_request(last.subject.clone(), commit).await;
    Ok(reply.map_err(|error| judge_commit(&error))?.payload)
}

fn judge_commit(error: &RequestError) -> Unstored {
    match error.kind() {
        RequestErrorKind::MaxPayloadExceeded => Unstored::ForSome,
        RequestErrorKind::NoResponders | RequestErrorKind::InvalidSubject => refused(error),
        RequestErrorKind::TimedOut | RequestErrorKind::Other => in_doubt(error.to_string()),
    }
}

fn judge(reply: &[u8], members: usize) -> Result<Position, Unstored> {
    match serde_json::from_slice::<Response<PublishAck>>(reply) {
        Ok(Response::Ok(ack)) if ack.batch_size == u64::try_from(members).ok() => {
            Ok(ack.sequence + 1 - members as u64)
        }
        Ok(Response::Ok(ack)) => {
            Err(in_doubt(format!("{members} were sent, and the server answers {ack:?}")))
        }
        Ok(Response::Err { error }) => Err(match error.error_code() {
            code if is_stale(code) || is_in_flight(code) => Unstored::ForSome,
            _ => refused(&error),
        }),
        Err(error) => Err(in_doubt(error.to_string())),
    }
}

fn refused(reason: &impl ToString) -> Unstored {
    Unstored::ForAll(Unpublished::Refused(reason.to_string()))
}

fn in_doubt(reason: String) -> Unstored {
    Unstored::ForAll(Unpublished::InDoubt(reason))
}
