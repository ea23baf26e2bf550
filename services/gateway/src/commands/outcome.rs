//! What became of a command that its client did not wait for.

use annals_core::{
    Stage,
    bus::{Accepted, CommandReply},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, Uri, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use problem_details::ProblemDetails;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    gateway::Gateway,
    problem::{Code, Problem},
    query::Parameters,
    segments::{self, Segments},
};

/// The answer.
#[derive(Serialize)]
struct Told {
    command_id: Uuid,
    state: Stage,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Accepted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDetails<Map<String, Value>>>,
}

/// `GET /v1/commands/{command_id}`
pub async fn get(
    State(gateway): State<Gateway>,
    Segments(id): Segments<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Parameters::parse(&uri, &[])?;
    let id = segments::id(&id)?;
    let (queue, outcomes) = gateway.queue()?;
    // In this order: an outcome is kept before the queue forgets the command.
    if queue.find(id).await?.is_some() {
        let pending = Told { command_id: id, state: Stage::Pending, result: None, problem: None };
        return Ok(([(RETRY_AFTER, HeaderValue::from_static("1"))], Json(pending)).into_response());
    }
    let kept = outcomes.find(id).await?.ok_or_else(|| {
        let detail = format!("No asynchronous command `{id}` waits, and none has ended within 24 hours.");
        Problem::new(Code::NotFound, detail)
    })?;
    Ok(Json(told(id, kept.outcome.stage(), kept.outcome.reply)).into_response())
}

/// The same bodies as if the client had waited.
fn told(command_id: Uuid, state: Stage, reply: CommandReply) -> Told {
    let (result, problem) = match reply {
        Ok(accepted) => (Some(Accepted { replayed: false, ..accepted }), None),
        Err(failure) => (None, Some(Problem::from(failure).details(&format!("/v1/commands/{command_id}")))),
    };
    Told { command_id, state, result, problem }
}
