//! Commands that the client does not wait for: on disk before it is told so, carried out after.

use annals_core::{
    Fingerprint, Stage,
    bus::{CommandRequest, Failure},
};
use annals_nats::{LogError, Put};
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

/// So often one with the same id may come and go while another is to be put into the queue.
const TRIES: usize = 5;

/// Keeps a command that fits. `repeatable`: whether it may have been given before.
pub async fn take(
    gateway: &Gateway,
    request: CommandRequest,
    mut repeatable: bool,
) -> Result<Response, Problem> {
    let (queue, outcomes) = gateway.queue()?;
    let (id, fingerprint) = (request.id, Fingerprint::of(&request.command, &request.data));
    for _ in 0..TRIES {
        let earlier = if repeatable { outcomes.find(id).await? } else { None };
        if let Some(outcome) = earlier.map(|earlier| earlier.outcome) {
            same(&outcome.fingerprint, &fingerprint)?;
            if outcome.is_in_the_log() {
                return Ok(replayed(taken(id, outcome.stage()))); // one that stored nothing is decided anew
            }
        }
        match queue.put(request.clone()).await.map_err(untaken)? {
            Put::Now => return Ok(taken(id, Stage::Pending)),
            Put::Before(there) => {
                same(&Fingerprint::of(&there.command, &there.data), &fingerprint)?;
                return Ok(replayed(taken(id, Stage::Pending)));
            }
            Put::Gone => repeatable = true,
        }
    }
    Err(Failure::CommandInFlight.into())
}

fn same(earlier: &Fingerprint, now: &Fingerprint) -> Result<(), Problem> {
    if earlier == now { Ok(()) } else { Err(Failure::IdempotencyKeyReused.into()) }
}

/// Unlike a read, it may have been done.
fn untaken(error: LogError) -> Problem {
    match error {
        LogError::OutcomeUnknown(_) => Failure::OutcomeUnknown.into(),
        LogError::Unavailable(detail) => Failure::Unavailable { detail }.into(),
        LogError::Commit(_) => error.into(),
    }
}

/// What became of it is told elsewhere; here, only how far it is.
fn taken(id: Uuid, state: Stage) -> Response {
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
