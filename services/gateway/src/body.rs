//! Request bodies: bounded, and JSON, or from a form.

use std::time::Duration;

use annals_core::FieldError;
use axum::{
    body::{Body, HttpBody},
    http::{
        HeaderMap, HeaderValue,
        header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE},
    },
};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::{
    edge,
    failure::invalid_payload,
    headers, json,
    problem::{Code, Problem},
    query,
};

/// The largest body, in bytes.
const LARGEST: usize = 256 * 1024;

/// Reads a body to its end, which must come in time; an empty one needs no `Content-Type` and is `{}`.
pub async fn read(headers: &HeaderMap, body: Body, time: Duration) -> Result<Value, Problem> {
    let bytes = collect(headers, body, "application/json", time).await?;
    json::parse(&bytes)
}

/// Reads what a browser sends of a form: an object of texts, in which lines end as they were typed.
pub async fn read_form(
    headers: &HeaderMap,
    body: Body,
    time: Duration,
) -> Result<Map<String, Value>, Problem> {
    let bytes = collect(headers, body, "application/x-www-form-urlencoded", time).await?;
    let raw = |_| invalid_payload(&[FieldError { pointer: String::new(), detail: "is not UTF-8".into() }]);
    let text = String::from_utf8(bytes).map_err(raw)?;
    let mut fields = Map::new();
    for pair in query::pairs(&text) {
        let (name, value) = pair.map_err(|name| invalid_payload(&[FieldError::at(name, "is not UTF-8")]))?;
        let value = value.replace("\r\n", "\n"); // HTML has forms send every line break as CR LF
        if fields.insert(name.clone(), value.into()).is_some() {
            return Err(invalid_payload(&[FieldError::at(&name, "is given more than once")]));
        }
    }
    Ok(fields)
}

async fn collect(headers: &HeaderMap, body: Body, kind: &str, time: Duration) -> Result<Vec<u8>, Problem> {
    let bytes = timeout(time, to_end(body)).await.map_err(|_| late(time))??;
    if bytes.is_empty() || is_of(kind, headers)? {
        return Ok(bytes);
    }
    let detail = format!("The body must be {kind} in UTF-8, and not be compressed.");
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

async fn to_end(body: Body) -> Result<Vec<u8>, Problem> {
    if body.size_hint().lower() > LARGEST as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(Code::MalformedJson, format!("The body could not be read to its end: {error}."))
        })?;
        if bytes.len() + chunk.len() > LARGEST {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large() -> Problem {
    let detail = format!("The body is larger than {LARGEST} bytes, which are the most.");
    closing(Problem::new(Code::PayloadTooLarge, detail))
}

fn late(time: Duration) -> Problem {
    edge::cut_off("body");
    closing(Problem::new(Code::RequestTimeout, format!("The body did not come to its end within {time:?}.")))
}

/// The rest of the body is not waited for, so no other request can come after it.
fn closing(problem: Problem) -> Problem {
    problem.header(CONNECTION, HeaderValue::from_static("close"))
}

fn is_of(wanted: &str, headers: &HeaderMap) -> Result<bool, Problem> {
    let mut parts = headers::single(headers, &CONTENT_TYPE)?.unwrap_or_default().split(';').map(str::trim);
    let kind = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(wanted));
    let utf_8 = parts.filter(|parameter| !parameter.is_empty()).all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let plain = headers::single(headers, &CONTENT_ENCODING)?
        .is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    Ok(kind && utf_8 && plain)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use serde_json::json;

    use super::*;

    async fn read_as(headers: &[(HeaderName, &str)], body: impl Into<Body>) -> Result<Value, Code> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        read(&headers, body.into(), Duration::from_secs(5)).await.map_err(|problem| problem.code)
    }

    #[tokio::test]
    async fn only_json_is_taken() {
        for kind in
            ["application/json", "Application/JSON; charset=\"UTF-8\"", "application/json;charset=utf-8;"]
        {
            assert_eq!(read_as(&[(CONTENT_TYPE, kind)], "{}").await, Ok(json!({})), "{kind}");
        }
        for kind in ["text/plain", "application/problem+json", "application/json; charset=latin1", ""] {
            let outcome = read_as(&[(CONTENT_TYPE, kind)], "{}").await;
            assert_eq!(outcome, Err(Code::UnsupportedMediaType), "{kind}");
        }
        let packed = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
        assert_eq!(read_as(&packed, "{}").await, Err(Code::UnsupportedMediaType));
        assert_eq!(read_as(&[], "{}").await, Err(Code::UnsupportedMediaType));
    }

    #[tokio::test]
    async fn an_empty_body_is_an_empty_object() {
        assert_eq!(read_as(&[], "").await, Ok(json!({})));
        assert_eq!(read_as(&[(CONTENT_TYPE, "text/plain")], "").await, Ok(json!({})));
    }

    #[tokio::test]
    async fn a_form_is_an_object_of_texts() {
        let read = async |kind: &str, body: &'static [u8]| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            let form = read_form(&headers, body.into(), Duration::from_secs(5)).await;
            form.map(Value::Object).map_err(|problem| problem.code)
        };
        let kind = "application/x-www-form-urlencoded";
        let typed = read(kind, b"author=Ada+L%C3%B6we&content=two%0D%0Alines&blank=").await;
        assert_eq!(typed, Ok(json!({ "author": "Ada Löwe", "content": "two\nlines", "blank": "" })));
        for bad in [&b"a=%ff"[..], b"a=1&a=2", b"%ff=a", b"a=L\xf6we"] {
            assert_eq!(read(kind, bad).await, Err(Code::InvalidPayload), "{bad:?}");
        }
        for other in ["multipart/form-data; boundary=x", "text/plain", "application/json"] {
            assert_eq!(read(other, b"a=1").await, Err(Code::UnsupportedMediaType), "{other}");
        }
    }

    #[tokio::test]
    async fn a_body_has_a_limit() {
        let of = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
        let json = [(CONTENT_TYPE, "application/json")];
        assert!(read_as(&json, of(LARGEST)).await.is_ok());
        assert_eq!(read_as(&json, of(LARGEST + 1)).await, Err(Code::PayloadTooLarge));
    }
}
