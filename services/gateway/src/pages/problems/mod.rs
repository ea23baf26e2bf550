//! `/problems/{code}`, where the `type` of every failure leads: what it means, why it happens, what to
//! do about it, and what it looks like.

mod request;
mod service;
mod state;

use askama::Template;
use axum::{
    http::{Uri, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use problem_details::ProblemDetails;
use serde_json::{Map, Value};
use strum::VariantArray;

use super::{head, page};
use crate::{
    gateway::unknown,
    problem::{Code, Problem},
    query::Parameters,
    segments::Segments,
};

/// What there is to say about a failure. Whatever stands between backticks is code.
pub struct Explanation {
    /// What it means.
    pub meaning: &'static str,
    cause: &'static str,
    remedy: &'static str,
    /// Something to type that leads to it.
    request: &'static str,
    /// What is answered to that in words.
    detail: &'static str,
    /// What is answered beside that, as JSON.
    data: &'static str,
}

/// Every failure is explained, or this does not compile.
pub const fn explain(code: Code) -> &'static Explanation {
    match code {
        Code::MalformedRequest => &request::MALFORMED_REQUEST,
        Code::MalformedJson => &request::MALFORMED_JSON,
        Code::InvalidPayload => &request::INVALID_PAYLOAD,
        Code::InvalidId => &request::INVALID_ID,
        Code::InvalidHeader => &request::INVALID_HEADER,
        Code::InvalidQuery => &request::INVALID_QUERY,
        Code::Forbidden => &request::FORBIDDEN,
        Code::UnknownCategory => &state::UNKNOWN_CATEGORY,
        Code::UnknownCommand => &state::UNKNOWN_COMMAND,
        Code::UnknownView => &state::UNKNOWN_VIEW,
        Code::NotFound => &state::NOT_FOUND,
        Code::MethodNotAllowed => &request::METHOD_NOT_ALLOWED,
        Code::NotAcceptable => &request::NOT_ACCEPTABLE,
        Code::RequestTimeout => &request::REQUEST_TIMEOUT,
        Code::Conflict => &state::CONFLICT,
        Code::CommandInFlight => &state::COMMAND_IN_FLIGHT,
        Code::VersionMismatch => &state::VERSION_MISMATCH,
        Code::PayloadTooLarge => &request::PAYLOAD_TOO_LARGE,
        Code::UriTooLong => &request::URI_TOO_LONG,
        Code::UnsupportedMediaType => &request::UNSUPPORTED_MEDIA_TYPE,
        Code::HeadTooLarge => &request::HEAD_TOO_LARGE,
        Code::Refused => &state::REFUSED,
        Code::IdempotencyKeyReused => &state::IDEMPOTENCY_KEY_REUSED,
        Code::InternalError => &service::INTERNAL_ERROR,
        Code::Unavailable => &service::UNAVAILABLE,
        Code::ProjectionBehind => &service::PROJECTION_BEHIND,
        Code::EventQuarantined => &service::EVENT_QUARANTINED,
        Code::OutcomeUnknown => &service::OUTCOME_UNKNOWN,
    }
}

/// `GET /problems/{code}`
pub async fn show(segments: Result<Segments<String>, Problem>, uri: Uri) -> Result<Response, Problem> {
    let Segments(name) = segments?;
    Parameters::parse(&uri, &[])?;
    let code = Code::named(&name).ok_or_else(|| {
        let known = Code::VARIANTS.iter().map(|code| code.name()).collect();
        unknown(Code::NotFound, "problem", &name, known)
    })?;
    Ok(page(&ExplanationPage { code, explanation: explain(code) }, head(None)))
}

#[derive(Template)]
#[template(path = "explanation.html")]
struct ExplanationPage {
    code: Code,
    explanation: &'static Explanation,
}

impl ExplanationPage {
    /// Headings, each with what stands below it.
    fn chapters(&self) -> [(&'static str, Vec<Span>); 3] {
        let Explanation { meaning, cause, remedy, .. } = self.explanation;
        [("What it means", meaning), ("Why it happens", cause), ("What to do", remedy)]
            .map(|(heading, text)| (heading, spans(text).collect()))
    }

    /// The answer to the request of the example, as the edge would write it.
    fn answer(&self) -> String {
        let head = Problem::new(self.code, "").into_response();
        let retry = head.headers().get(RETRY_AFTER).map_or("", |_| "retry-after: 1\n");
        let body = serde_json::to_string_pretty(&example(self.code)).expect("a problem is plain data");
        format!("HTTP/1.1 {}\ncontent-type: application/problem+json\n{retry}\n{body}", self.code.status())
    }
}

/// What is answered, for instance.
pub fn example(code: Code) -> ProblemDetails<Map<String, Value>> {
    let Explanation { detail, data, .. } = explain(code);
    let data: Map<_, _> = serde_json::from_str(data).expect("a test reads all of them");
    let problem = data
        .into_iter()
        .fold(Problem::new(code, *detail), |problem, (name, value)| problem.with(&name, value));
    problem.details(asked_for(code))
}

/// The path of the example's request. Of a head that was never read there is none.
fn asked_for(code: Code) -> &'static str {
    let after = explain(code).request.split_once("localhost:8080").map_or("", |(_, after)| after);
    let end = after.find(['?', ' ']).unwrap_or(after.len());
    if code == Code::HeadTooLarge { "" } else { &after[..end] }
}

/// Some words, and whether they are code.
type Span = (&'static str, bool);

fn spans(text: &'static str) -> impl Iterator<Item = Span> {
    text.split('`').enumerate().map(|(place, words)| (words, place % 2 == 1))
}

#[cfg(test)]
#[path = "problems_tests.rs"]
mod tests;
