//! Commands: checked here against the catalog, carried out by the command service.

mod asked;
mod door;
mod later;
mod metadata;
pub mod outcome;

use annals_core::{
    Context, TraceParent, Version,
    bus::{Accepted, CommandRequest, Expected},
    command_id,
    log::ANONYMOUS,
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

/// The actor as long as clients do not say who they are.
const ACTOR: &str = ANONYMOUS;

/// `POST /v1/commands/{category}/{id}/{command}`
pub async fn by_path(
    State(gateway): State<Gateway>,
    segments: Result<Segments<(String, String, String)>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let ids = Ids::read(&parts.headers)?;
    let outcome = async {
        let Segments((category, id, command)) = segments?;
        let terms = Terms::read(&parts.uri, &parts.headers)?;
        let data = body::read(&parts.headers, body, gateway.limits.body).await?;
        let asked = Asked::by_path(&gateway, &category, &id, command, data)?;
        submit(&gateway, asked, terms, ids).await
    };
    Ok(reply(ids.correlation, outcome.await))
}

/// `POST /v1/commands`
pub async fn by_door(State(gateway): State<Gateway>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let ids = Ids::read(&parts.headers)?;
    let outcome = async {
        let terms = Terms::read(&parts.uri, &parts.headers)?;
        let body = body::read(&parts.headers, body, gateway.limits.body).await?;
        let asked = door::read(&gateway, body, terms.key.as_deref())?;
        submit(&gateway, asked, terms, ids).await
    };
    Ok(reply(ids.correlation, outcome.await))
}

/// What the form of a page asks for: the body is that of the one door, and `key` an idempotency key.
pub async fn by_form(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Value,
    key: Option<String>,
) -> Result<Accepted, Problem> {
    let asked = door::read(gateway, body, key.as_deref())?;
    let trace = headers::trace(headers);
    let terms = Terms { expected: Expected::Any, key, trace, respond_async: false };
    carry_out(gateway, &request(asked, &terms, Ids::draw())).await
}

/// What the headers say about a command.
struct Terms {
    expected: Expected,
    key: Option<String>,
    trace: Option<TraceParent>,
    respond_async: bool,
}

impl Terms {
    fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, Problem> {
        Parameters::parse(uri, &[])?;
        Ok(Self {
            expected: headers::expected(headers)?,
            key: headers::idempotency_key(headers)?.map(ToOwned::to_owned),
            trace: headers::trace(headers),
            respond_async: headers::respond_async(headers),
        })
    }
}

/// The ids of a request.
#[derive(Debug, Clone, Copy)]
struct Ids {
    /// That of the command, unless it has an idempotency key.
    drawn: Uuid,
    /// That of everything that follows. If none is given, the one that was drawn, too: where it is the command's id it
    /// takes no room in the log.
    correlation: Uuid,
}

impl Ids {
    fn draw() -> Self {
        let drawn = Uuid::now_v7();
        Self { drawn, correlation: drawn }
    }

    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let given = headers::correlation_id(headers)?;
        let ids = Self::draw();
        Ok(Self { correlation: given.unwrap_or(ids.drawn), ..ids })
    }
}

/// Sends the command, and answers with what became of it; or queues it, and answers where to look.
async fn submit(gateway: &Gateway, asked: Asked, terms: Terms, ids: Ids) -> Result<Response, Problem> {
    let request = request(asked, &terms, ids);
    if terms.respond_async {
        return later::enqueue(gateway, request, terms.key.is_some()).await;
    }
    carry_out(gateway, &request).await.map(success)
}

async fn carry_out(gateway: &Gateway, request: &CommandRequest) -> Result<Accepted, Problem> {
    Ok(gateway.bus()?.command(request).await?)
}

fn request(asked: Asked, terms: &Terms, ids: Ids) -> CommandRequest {
    let key = terms.key.as_deref();
    let id = key.map_or(ids.drawn, |key| command_id(ACTOR, &asked.stream, key));
    let context = Context {
        correlation_id: ids.correlation,
        causation_id: id,
        actor: ACTOR.into(),
        metadata: asked.metadata,
        trace: terms.trace,
    };
    CommandRequest {
        id,
        stream: asked.stream,
        command: asked.command,
        data: asked.data,
        context,
        expected: terms.expected,
        first_sending: key.is_none() && !terms.respond_async,
    }
}

/// The answer, with the correlation id that was given, or drawn, unless it knows better.
fn reply(given: Uuid, outcome: Result<Response, Problem>) -> Response {
    let mut response = outcome.into_response();
    let given = given.to_string().parse().expect("a UUID is a header value");
    response.headers_mut().entry(CORRELATION_ID).or_insert(given);
    response
}

/// A repeat shows the correlation id that the first one was recorded under.
fn success(mut accepted: Accepted) -> Response {
    let replayed = std::mem::take(&mut accepted.replayed); // told in a header, not in the body
    let began = accepted.events.first().is_some_and(|event| event.version == 1);
    let location = began.then(|| format!("/v1/streams/{}/{}", accepted.category, accepted.id));
    let correlation_id = accepted.events.first().map(|event| event.correlation_id.to_string());
    let (version, position): (Version, _) = (accepted.version, accepted.position);

    let mut response = Json(accepted).into_response();
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(version));
    headers.insert(ANNALS_POSITION, position.into());
    if let Some(id) = correlation_id {
        headers.insert(CORRELATION_ID, id.parse().expect("a UUID is a header value"));
    }
    if replayed {
        headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    }
    if let Some(location) = location {
        headers.insert(LOCATION, location.parse().expect("a name and a UUID are a header value"));
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
