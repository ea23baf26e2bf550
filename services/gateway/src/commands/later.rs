//! Commands that the client does not wait for: on disk before it is told so, carried out after.

use annals_core::{
    Fingerprint, Stage,
    bus::{CommandRequest, Failure},
};
use annals_nats::{Put, PutError};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    gateway::Gateway,
    headers::{IDEMPOTENCY_REPLAYED, PREFERENCE_APPLIED, RESPOND_ASYNC},
    problem::Problem,
};

/// So often a command with the same id may come and go while another is to be put into the queue.
const MAX_ATTEMPTS: usize = 5;

/// Puts a command that fits into the queue. `repeatable`: whether it may have been given before.
pub async fn enqueue(
    gateway: &Gateway,
    request: CommandRequest,
    mut repeatable: bool,
) -> Result<Response, Problem> {
    let (queue, _) = gateway.queue()?;
    let (id, fingerprint) = (request.id, Fingerprint::of(&request.command, &request.data));
    for _ in 0..MAX_ATTEMPTS {
        if repeatable && has_stored(gateway, id, fingerprint).await? {
            return Ok(replayed(accepted_202(id, Stage::Succeeded)));
        }
        match queue.put(&request).await.map_err(enqueue_error)? {
            Put::Enqueued => return Ok(accepted_202(id, Stage::Pending)),
            Put::AlreadyQueued(there) if Fingerprint::of(&there.command, &there.data) == fingerprint => {
                return Ok(replayed(accepted_202(id, Stage::Pending)));
            }
            Put::AlreadyQueued(_) => return Err(Failure::IdempotencyKeyReused.into()),
            Put::AlreadyDone => repeatable = true,
        }
    }
    Err(Failure::CommandInFlight.into())
}

/// Whether a command has stored something: one that stored nothing is decided anew. While no command service answers it
/// may wait in the queue all the same, since its repeat is recognised when it is carried out.
async fn has_stored(gateway: &Gateway, id: Uuid, fingerprint: Fingerprint) -> Result<bool, Problem> {
    match gateway.bus()?.find_command(id, Some(fingerprint)).await {
        Err(Failure::Unavailable { .. }) => Ok(false),
        found => Ok(found?.is_some()),
    }
}

/// Unlike a read, it may have been done.
fn enqueue_error(error: PutError) -> Problem {
    match error {
        PutError::OutcomeUnknown(_) => Failure::OutcomeUnknown.into(),
        PutError::Unavailable(detail) => Failure::Unavailable { detail }.into(),
    }
}

/// Only how far it is: what became of it is found at its `Location`.
fn accepted_202(id: Uuid, state: Stage) -> Response {
    let body = json!({ "command_id": id, "state": state });
    let mut response = (StatusCode::ACCEPTED, Json(body)).into_response();
    let location = format!("/v1/commands/{id}").parse().expect("a UUID is part of a header value");
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(PREFERENCE_APPLIED, HeaderValue::from_static(RESPOND_ASYNC));
    response
}

fn replayed(mut response: Response) -> Response {
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}
