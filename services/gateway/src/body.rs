//! Request bodies: bounded, and JSON.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    http::{
        HeaderMap, HeaderValue,
        header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE},
    },
};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    edge, headers, json,
    problem::{Code, Problem},
};

/// The largest body, in bytes.
const LARGEST: usize = 256 * 1024;

/// Reads a body to its end, which must come in time; an empty one needs no `Content-Type` and is `{}`.
pub async fn read(headers: &HeaderMap, body: Body, time: Duration) -> Result<Value, Problem> {
    let bytes = timeout(time, collect(body)).await.map_err(|_| late(time))??;
    if !bytes.is_empty() && !is_json(headers)? {
        let detail = "The body must be application/json in UTF-8, and not be compressed.";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    json::parse(&bytes)
}

async fn collect(body: Body) -> Result<Vec<u8>, Problem> {
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

fn is_json(headers: &HeaderMap) -> Result<bool, Problem> {
    let mut parts = headers::single(headers, &CONTENT_TYPE)?.unwrap_or_default().split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf_8 = parts.filter(|parameter| !parameter.is_empty()).all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    let plain = headers::single(headers, &CONTENT_ENCODING)?
        .is_none_or(|coding| coding.eq_ignore_ascii_case("identity"));
    Ok(json && utf_8 && plain)
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
    async fn a_body_has_a_limit() {
        let of = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
        let json = [(CONTENT_TYPE, "application/json")];
        assert!(read_as(&json, of(LARGEST)).await.is_ok());
        assert_eq!(read_as(&json, of(LARGEST + 1)).await, Err(Code::PayloadTooLarge));
    }
}
