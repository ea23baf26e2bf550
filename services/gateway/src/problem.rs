//! Failures as RFC 9457 problems: one table of codes, one shape.

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode, Uri,
        header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
        response,
    },
    response::{IntoResponse, Response},
};
use problem_details::{JsonProblemDetails, ProblemDetails};
use serde_json::{Map, Value};
use strum::VariantArray;

/// What went wrong, as a name that clients can rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum Code {
    MalformedRequest,
    MalformedJson,
    InvalidPayload,
    InvalidId,
    InvalidHeader,
    InvalidQuery,
    Forbidden,
    UnknownCategory,
    UnknownCommand,
    UnknownView,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    Conflict,
    CommandInFlight,
    VersionMismatch,
    PayloadTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    HeadTooLarge,
    Refused,
    IdempotencyKeyReused,
    InternalError,
    Unavailable,
    ProjectionBehind,
    EventQuarantined,
    OutcomeUnknown,
}

impl Code {
    /// Status, name and title.
    const fn facts(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::MalformedRequest => (S::BAD_REQUEST, "malformed-request", "Not an HTTP request"),
            Self::MalformedJson => (S::BAD_REQUEST, "malformed-json", "Not JSON"),
            Self::InvalidPayload => (S::BAD_REQUEST, "invalid-payload", "The payload does not fit"),
            Self::InvalidId => (S::BAD_REQUEST, "invalid-id", "Not an id"),
            Self::InvalidHeader => (S::BAD_REQUEST, "invalid-header", "A header does not fit"),
            Self::InvalidQuery => (S::BAD_REQUEST, "invalid-query", "A query parameter does not fit"),
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "Not allowed"),
            Self::UnknownCategory => (S::NOT_FOUND, "unknown-category", "No such category"),
            Self::UnknownCommand => (S::NOT_FOUND, "unknown-command", "No such command"),
            Self::UnknownView => (S::NOT_FOUND, "unknown-view", "No such view"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "Nothing there"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::NotAcceptable => (S::NOT_ACCEPTABLE, "not-acceptable", "Only JSON is served"),
            Self::RequestTimeout => (S::REQUEST_TIMEOUT, "request-timeout", "The request came too slowly"),
            Self::Conflict => (S::CONFLICT, "conflict", "Other writers were faster"),
            Self::CommandInFlight => (S::CONFLICT, "command-in-flight", "Still being carried out"),
            Self::VersionMismatch => (S::PRECONDITION_FAILED, "version-mismatch", "At another version"),
            Self::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "payload-too-large", "Too large"),
            Self::UriTooLong => (S::URI_TOO_LONG, "uri-too-long", "The address is too long"),
            Self::HeadTooLarge => {
                (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "head-too-large", "The head is too large")
            }
            Self::UnsupportedMediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Not taken in this form")
            }
            Self::Refused => (S::UNPROCESSABLE_ENTITY, "refused", "Refused"),
            Self::IdempotencyKeyReused => {
                (S::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key belongs to another command")
            }
            Self::InternalError => (S::INTERNAL_SERVER_ERROR, "internal-error", "A defect"),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "Not available"),
            Self::ProjectionBehind => (S::SERVICE_UNAVAILABLE, "projection-behind", "Not that far yet"),
            Self::EventQuarantined => {
                (S::SERVICE_UNAVAILABLE, "event-quarantined", "An unreadable event is in the way")
            }
            Self::OutcomeUnknown => (S::GATEWAY_TIMEOUT, "outcome-unknown", "The outcome is not known"),
        }
    }

    /// What it is called in words.
    pub const fn title(self) -> &'static str {
        self.facts().2
    }

    /// The status that goes with it.
    pub const fn status(self) -> StatusCode {
        self.facts().0
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        self.facts().1
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|code| code.name() == name)
    }

    /// Whether the same request may do better in a moment.
    pub fn is_passing(self) -> bool {
        self.status() == StatusCode::SERVICE_UNAVAILABLE || self == Self::CommandInFlight
    }
}

/// A failure on its way to the client. It becomes a body at the edge, which knows the path.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// A full sentence for a person.
    pub detail: String,
    extensions: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Counted, and not logged: there may be thousands a second.
    pub quiet: bool,
}

/// What the standard and the contract put there: not for a refusal's data to overwrite.
const RESERVED: [&str; 6] = ["type", "title", "status", "detail", "instance", "code"];

impl Problem {
    /// A failure, and a sentence about it.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), extensions: Map::new(), headers: Vec::new(), quiet: false }
    }

    /// The same, without a line in the log.
    #[must_use]
    pub fn quietly(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// Something else that a client may want to know.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        if !RESERVED.contains(&name) {
            self.extensions.insert(name.to_owned(), value.into());
        }
        self
    }

    /// A header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What was put there with [`Problem::with`].
    pub fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.get(name)
    }

    /// What the client reads of it, having asked for `path`.
    pub fn details(self, path: &str) -> ProblemDetails<Map<String, Value>> {
        let (status, code, title) = self.code.facts();
        let type_uri: Uri = format!("/problems/{code}").parse().expect("codes are kebab-case");
        let mut extensions = self.extensions;
        extensions.insert("code".into(), code.into());
        let details = ProblemDetails::new()
            .with_type(type_uri)
            .with_status(status)
            .with_title(title)
            .with_detail(self.detail)
            .with_extensions(extensions);
        ProblemDetails { instance: path.parse().ok(), ..details }
    }

    /// The answer, under the head that it already has.
    pub fn render(self, mut head: response::Parts, path: &str) -> Response {
        let body = serde_json::to_vec(&self.details(path)).expect("a problem is plain data");
        head.headers.remove(CONTENT_LENGTH);
        let kind = HeaderValue::from_static(JsonProblemDetails::<()>::CONTENT_TYPE);
        head.headers.insert(CONTENT_TYPE, kind);
        Response::from_parts(head, Body::from(body))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.headers_mut().extend(self.headers.iter().cloned());
        if self.code.is_passing() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    async fn rendered(problem: Problem) -> Value {
        let (head, _) = problem.into_response().into_parts();
        let body = head.extensions.get::<Problem>().unwrap().clone().render(head, "/v1/x").into_body();
        serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_problem_has_the_shape_of_rfc_9457() {
        let problem = Problem::new(Code::Refused, "No.").with("balance", 3);
        assert_eq!(
            rendered(problem).await,
            json!({
                "type": "/problems/refused", "title": "Refused", "status": 422, "detail": "No.",
                "instance": "/v1/x", "code": "refused", "balance": 3,
            })
        );
    }

    #[tokio::test]
    async fn data_does_not_overwrite_standard_members() {
        let problem = Problem::new(Code::Refused, "No.").with("status", "open").with("code", "red");
        let body = rendered(problem).await;
        assert_eq!((&body["status"], &body["code"]), (&json!(422), &json!("refused")));
    }

    #[test]
    fn what_may_pass_says_when_to_come_back() {
        let retry = |code| Problem::new(code, "").into_response().headers().contains_key(RETRY_AFTER);
        assert!(retry(Code::Unavailable) && retry(Code::ProjectionBehind) && retry(Code::CommandInFlight));
        assert!(!retry(Code::Refused) && !retry(Code::Conflict));
    }
}
