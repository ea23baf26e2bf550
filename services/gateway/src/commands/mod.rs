//! Commands: checked here against the catalog, carried out by the command service.

mod asked;
mod door;
mod metadata;

use annals_core::{
    Context, TraceParent, Version,
    bus::{Accepted, CommandRequest, Expected},
    command_id,
};
use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde_json::Value;
use uuid::Uuid;

use self::asked::Asked;
use crate::{
    body,
    failure::etag,
    gateway::Gateway,
    headers::{self, ANNALS_POSITION, CORRELATION_ID, IDEMPOTENCY_REPLAYED},
    problem::Problem,
    query::Parameters,
    segments::Segments,
};

/// Who gives commands as long as nobody has to say who they are.
const ACTOR: &str = "anonymous";

/// `POST /v1/commands/{category}/{id}/{command}`
pub async fn by_path(
    State(gateway): State<Gateway>,
    segments: Result<Segments<(String, String, String)>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let correlation_id = correlation(&parts.headers)?;
    let outcome = async {
        let Segments((category, id, command)) = segments?;
        let terms = Terms::read(&parts.uri, &parts.headers)?;
        let data = body::read(&parts.headers, body, gateway.limits.body).await?;
        let asked = Asked::by_path(&gateway, &category, &id, command, data)?;
        give(&gateway, asked, terms, correlation_id).await
    };
    Ok(reply(correlation_id, outcome.await))
}

/// `POST /v1/commands`
pub async fn by_door(State(gateway): State<Gateway>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let correlation_id = correlation(&parts.headers)?;
    let outcome = async {
        let terms = Terms::read(&parts.uri, &parts.headers)?;
        let body = body::read(&parts.headers, body, gateway.limits.body).await?;
        let asked = door::read(&gateway, body, terms.key.as_deref())?;
        give(&gateway, asked, terms, correlation_id).await
    };
    Ok(reply(correlation_id, outcome.await))
}

/// What the form of a page asks for: the body is that of the one door, and `key` an idempotency key.
pub async fn by_form(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Value,
    key: Option<String>,
) -> Result<Accepted, Problem> {
    let asked = door::read(gateway, body, key.as_deref())?;
    let terms = Terms { expected: Expected::Any, key, trace: headers::trace(headers) };
    give(gateway, asked, terms, Uuid::now_v7()).await
}

/// What the headers say about a command.
struct Terms {
    expected: Expected,
    key: Option<String>,
    trace: Option<TraceParent>,
}

impl Terms {
    fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        Parameters::parse(uri, &[])?;
        Ok(Self {
            expected: headers::expected(headers)?,
            key: headers::idempotency_key(headers)?.map(ToOwned::to_owned),
            trace: headers::trace(headers),
        })
    }
}

fn correlation(headers: &HeaderMap) -> Result<Uuid, Problem> {
    Ok(headers::correlation_id(headers)?.unwrap_or_else(Uuid::now_v7))
}

async fn give(
    gateway: &Gateway,
    asked: Asked,
    terms: Terms,
    correlation_id: Uuid,
) -> Result<Accepted, Problem> {
    let key = terms.key.as_deref();
    let id = key.map_or_else(Uuid::now_v7, |key| command_id(ACTOR, &asked.stream, key));
    let context = Context {
        correlation_id,
        causation_id: id,
        actor: ACTOR.into(),
        metadata: asked.metadata,
        trace: terms.trace,
    };
    let request = CommandRequest {
        id,
        stream: asked.stream,
        command: asked.command,
        data: asked.data,
        context,
        expected: terms.expected,
        caused_at: None,
    };
    Ok(gateway.bus()?.command(&request).await?)
}

/// The answer. A repeat shows the correlation id that the first one was recorded under.
fn reply(given: Uuid, outcome: Result<Accepted, Problem>) -> Response {
    let first = outcome.as_ref().ok().and_then(|accepted| accepted.events.first());
    let correlation_id = first.map_or(given, |event| event.correlation_id);
    let response = outcome.map_or_else(IntoResponse::into_response, success);
    ([(CORRELATION_ID, correlation_id.to_string())], response).into_response()
}

fn success(mut accepted: Accepted) -> Response {
    let replayed = std::mem::take(&mut accepted.replayed); // told in a header, not in the body
    let began = accepted.events.first().is_some_and(|event| event.version == 1);
    let location = format!("/v1/streams/{}/{}", accepted.category, accepted.id);
    let (version, position): (Version, _) = (accepted.version, accepted.position);

    let mut response = Json(accepted).into_response();
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(version));
    headers.insert(ANNALS_POSITION, position.into());
    if replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    if began {
        headers.insert(LOCATION, location.parse().expect("a name and a UUID are a header value"));
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
