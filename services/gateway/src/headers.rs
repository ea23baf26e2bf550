//! Request headers. What cannot be understood is refused, never ignored; the exceptions are those
//! that their standards name.

use annals_core::{Address, NotAnAddress, Position, TraceParent, bus::Expected};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use uuid::Uuid;

use crate::{
    problem::{Code, Problem},
    values,
};

pub const ANNALS_POSITION: HeaderName = HeaderName::from_static("annals-position");
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const MIN_POSITION: HeaderName = HeaderName::from_static("annals-min-position");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The preference not to wait for a command, and how the answer says so.
pub const RESPOND_ASYNC: &str = "respond-async";

/// The longest idempotency key, in characters.
const LONGEST_KEY: usize = 255;

/// How long a read waits for its position, in seconds: by default, and at most.
const WAIT_S: u64 = 2;
const LONGEST_WAIT_S: u64 = 30;

/// A problem with one header.
pub fn invalid(name: &HeaderName, rule: &str) -> Problem {
    Problem::new(Code::InvalidHeader, format!("The header `{name}` {rule}."))
}

fn text<'a>(name: &HeaderName, value: &'a HeaderValue) -> Result<&'a str, Problem> {
    value.to_str().map_err(|_| invalid(name, "holds something other than visible ASCII"))
}

/// The only value of a header that may be given once.
pub fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(invalid(name, "is given more than once")),
        (Some(value), None) => text(name, value).map(Some),
        (None, None) => Ok(None),
    }
}

/// `X-Correlation-Id`: a UUID.
pub fn correlation_id(headers: &HeaderMap) -> Result<Option<Uuid>, Problem> {
    let Some(value) = single(headers, &CORRELATION_ID)? else { return Ok(None) };
    values::uuid(value).map(Some).ok_or_else(|| invalid(&CORRELATION_ID, "is not a UUID"))
}

/// `If-Match: "3"` and `If-None-Match: *`: where the stream must be.
pub fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    let version = single(headers, &header::IF_MATCH)?;
    let none = single(headers, &header::IF_NONE_MATCH)?;
    match (version, none) {
        (Some(_), Some(_)) => Err(invalid(&header::IF_MATCH, "contradicts `if-none-match`")),
        (None, Some("*")) => Ok(Expected::New),
        (None, Some(_)) => Err(invalid(&header::IF_NONE_MATCH, "is not `*`")),
        (None, None) => Ok(Expected::Any),
        (Some(tag), None) => {
            let digits = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let digits = digits.filter(|digits| values::is_digits(digits));
            let digits = digits.ok_or_else(|| invalid(&header::IF_MATCH, "is not a version in quotes"))?;
            // A number that does not fit is the version of no stream, so it matches none.
            Ok(Expected::Version(digits.parse().unwrap_or(u64::MAX)))
        }
    }
}

/// `Idempotency-Key`: visible ASCII, bare or in quotes, which is the same key.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = single(headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    let key = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or_default(),
        None => value,
    };
    is_key(key).then_some(Some(key)).ok_or_else(|| {
        invalid(&IDEMPOTENCY_KEY, "is not 1 to 255 visible characters, bare or in a pair of quotes")
    })
}

/// Whether a text may name a command for its repeats.
pub fn is_key(text: &str) -> bool {
    (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `traceparent`. The standard says to go on without one that is not well-formed.
pub fn trace(headers: &HeaderMap) -> Option<TraceParent> {
    single(headers, &TRACEPARENT).ok().flatten().and_then(TraceParent::parse)
}

/// `Annals-Min-Position`: what the client has seen, and must see again.
pub fn min_position(headers: &HeaderMap) -> Result<Option<Position>, Problem> {
    let Some(value) = single(headers, &MIN_POSITION)? else { return Ok(None) };
    values::number(value).map(Some).ok_or_else(|| invalid(&MIN_POSITION, "is not a position"))
}

/// `Last-Event-ID`: up to where a client has followed the log before it lost its connection.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<Address>, Problem> {
    let Some(value) = single(headers, &LAST_EVENT_ID)? else { return Ok(None) };
    value.parse().map(Some).map_err(|error: NotAnAddress| invalid(&LAST_EVENT_ID, &error.to_string()))
}

/// Refuses one beyond the log's end.
pub fn within_last_event_id(id: Option<Address>, end: Position) -> Result<(), Problem> {
    if id.is_some_and(|id| id.position() > end) {
        return Err(invalid(&LAST_EVENT_ID, &format!("is beyond the end of the log, which is at {end}")));
    }
    Ok(())
}

/// `Prefer: wait=N` in milliseconds.
pub fn wait_ms(headers: &HeaderMap) -> u64 {
    preferred(headers, wait_s).unwrap_or(WAIT_S) * 1000
}

/// `Prefer: respond-async`: the client does not wait, not even if it says how long it would.
pub fn respond_async(headers: &HeaderMap) -> bool {
    let is_async = |preference: &str| {
        let name = preference.split(';').next()?.trim();
        name.eq_ignore_ascii_case(RESPOND_ASYNC).then_some(())
    };
    preferred(headers, is_async).is_some()
}

/// The first preference of a kind. They come in lists (RFC 7240); what cannot be understood is ignored,
/// as the standard says.
fn preferred<T>(headers: &HeaderMap, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(preferences).find_map(read)
}

/// Those of one list. A comma in quotes is part of a value, and so is a quote after a backslash.
fn preferences(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |character| {
        let is_escaped = std::mem::take(&mut escaped);
        match character {
            '\\' if quoted => escaped = !is_escaped,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        character == ',' && !quoted
    })
}

/// `wait="N"; parameters`, in seconds.
fn wait_s(preference: &str) -> Option<u64> {
    let (name, value) = preference.split(';').next()?.split_once('=')?;
    let digits = value.trim().trim_matches('"');
    let is_wait = name.trim().eq_ignore_ascii_case("wait") && values::is_digits(digits);
    is_wait.then(|| digits.parse().unwrap_or(LONGEST_WAIT_S).min(LONGEST_WAIT_S))
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
