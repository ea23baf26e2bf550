//! Where answers leave: every failure becomes a problem, every answer is counted, and whatever
//! takes too long or panics is answered all the same.

use std::{
    any::Any,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
        response,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;
use tower_http::csrf::ProtectionError;
use tracing::{debug, error, warn};

use crate::{
    pages,
    problem::{Code, Problem},
    target,
};

/// Longer than the longest wait that a client can ask for.
const LONGEST: Duration = Duration::from_secs(35);

/// The outermost layer. Layers are cloned for every request, with all that is under them: what can be one
/// layer is one.
pub async fn finish(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let path = uri.path();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let for_a_person = pages::is_wanted(route, request.headers());

    let answer = match target::check(&request) {
        Ok(()) => in_time(request, next).await,
        Err(problem) => problem.into_response(),
    };
    let (mut head, body) = answer.into_parts();
    let problem = head.extensions.remove::<Problem>().or_else(|| foreign(&head));
    dress(&mut head);
    tell(&method, path, head.status, problem.as_ref());
    count(&method, route, head.status, begun.elapsed());
    match problem {
        Some(_) if pages::is_told(&mut head) => Response::from_parts(head, body),
        Some(problem) if for_a_person => pages::tell(&problem, head, route),
        Some(problem) => problem.render(head, path),
        None => Response::from_parts(head, body),
    }
}

/// The answer to what never came to be a request: it has neither method nor path.
pub fn refused(problem: Problem) -> Response {
    let (mut head, _) = problem.clone().into_response().into_parts();
    dress(&mut head);
    debug!(code = problem.code.name(), "refused");
    let status = head.status.as_str().to_owned();
    metrics::counter!("annals_http_requests_total", "route" => "none", "method" => "none", "status" => status)
        .increment(1);
    problem.render(head, "")
}

/// Counts a client that took too long: `idle`, or over the `head`, the `body`, the `answer`, or the `stream` that it follows.
pub fn cut_off(over: &'static str) {
    metrics::counter!("annals_http_cut_off_total", "over" => over).increment(1);
}

fn dress(head: &mut response::Parts) {
    head.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Gives up on what takes too long.
async fn in_time(request: Request, next: Next) -> Response {
    let code = match *request.method() {
        Method::POST => Code::OutcomeUnknown,
        _ => Code::Unavailable,
    };
    let late = |_| Problem::new(code, format!("There was no answer within {LONGEST:?}.")).into_response();
    timeout(LONGEST, next.run(request)).await.unwrap_or_else(late)
}

/// Says that there is nothing here.
pub async fn no_route(request: Request) -> Problem {
    Problem::new(Code::NotFound, format!("No route leads to `{}`.", request.uri().path()))
}

/// Browsers say on whose page a request began: commands from pages of others are not taken, since a
/// form needs nobody's leave to send them.
#[allow(clippy::needless_pass_by_value)] // the layer hands it over
pub fn cross_site(_: ProtectionError) -> Response {
    Problem::new(Code::Forbidden, "This was not sent from a page of this host.").into_response()
}

/// Answers for a handler that panicked.
#[allow(clippy::needless_pass_by_value)] // the layer hands it over
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let said = cause.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("nothing");
    error!("a handler panicked: {said}");
    Problem::new(Code::InternalError, "The gateway has a defect. It has been logged.").into_response()
}

/// A failure that the framework answered in its own words.
fn foreign(head: &response::Parts) -> Option<Problem> {
    let failed = head.status.is_client_error() || head.status.is_server_error();
    if !failed || head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        return None;
    }
    Some(match head.status {
        StatusCode::METHOD_NOT_ALLOWED => {
            // The header comes later, outside all layers.
            Problem::new(Code::MethodNotAllowed, "The header `Allow` says which methods are allowed here.")
        }
        StatusCode::NOT_FOUND => Problem::new(Code::NotFound, "There is nothing here."),
        status => Problem::new(Code::InternalError, format!("The gateway meant to answer {status}.")),
    })
}

fn tell(method: &Method, path: &str, status: StatusCode, problem: Option<&Problem>) {
    let code = problem.map_or("", |problem| problem.code.name());
    let status = problem.map_or(status, |problem| problem.code.status()).as_u16();
    match (status, problem) {
        (500, Some(problem)) => error!(%method, path, code, "{}", problem.detail),
        (501.., Some(problem)) if !problem.quiet => warn!(%method, path, status, code, "{}", problem.detail),
        _ => debug!(%method, path, status, code, "answered"),
    }
}

fn count(method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other", // anybody can make one up, and each would be a series of its own
    };
    let labels =
        [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.as_u16().to_string())];
    metrics::counter!("annals_http_requests_total", &labels).increment(1);
    metrics::histogram!("annals_http_request_seconds", &labels).record(elapsed.as_secs_f64());
}
