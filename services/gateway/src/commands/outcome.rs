//! What became of a command.

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
struct OutcomeBody {
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
    // In this order: what became of a command is kept before the queue forgets it. And one that was refused may have
    // been given again, and have been stored.
    if queue.find(id).await?.is_some() {
        let pending = OutcomeBody { command_id: id, state: Stage::Pending, result: None, problem: None };
        return Ok(([(RETRY_AFTER, HeaderValue::from_static("1"))], Json(pending)).into_response());
    }
    if let Some(accepted) = gateway.bus()?.find_command(id, None).await? {
        return Ok(Json(body(id, Stage::Succeeded, Ok(accepted))).into_response());
    }
    let kept = outcomes.find(id).await?.ok_or_else(|| {
        let detail = format!(
            "No command `{id}` has stored anything, and no asynchronous one waits or has ended within 24 hours."
        );
        Problem::new(Code::NotFound, detail)
    })?;
    Ok(Json(body(id, kept.outcome.stage(), kept.outcome.reply)).into_response())
}

/// The same bodies as if the client had waited.
fn body(command_id: Uuid, state: Stage, reply: CommandReply) -> OutcomeBody {
    let (result, problem) = match reply {
        Ok(accepted) => (Some(Accepted { replayed: false, ..accepted }), None),
        Err(failure) => (None, Some(Problem::from(failure).details(&format!("/v1/commands/{command_id}")))),
    };
    OutcomeBody { command_id, state, result, problem }
}
