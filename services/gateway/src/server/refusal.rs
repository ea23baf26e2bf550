//! What is answered to a client whose request never came to be one.

use axum::{body::to_bytes, http::StatusCode};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::{
    edge,
    problem::{Code, Problem},
};

/// Half a head, and no more came.
pub fn late() -> Problem {
    Problem::new(Code::RequestTimeout, "The head of the request did not come to its end in time.")
}

/// What the status that hyper has chosen means. It chooses none for HTTP/2.
pub fn of(status: Option<StatusCode>) -> Problem {
    match status {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => Problem::new(
            Code::HeadTooLarge,
            "The head of the request has too many headers, or too large ones.",
        ),
        Some(StatusCode::URI_TOO_LONG) => Problem::new(Code::UriTooLong, "The address is too long."),
        _ => Problem::new(Code::MalformedRequest, "What was sent is not an HTTP/1.1 request."),
    }
}

/// Writes the problem as an answer of its own. A client that has gone does not read it.
pub async fn write(problem: Problem, client: &mut (impl AsyncWrite + Unpin)) {
    let (head, body) = edge::refused(problem).into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a problem is in memory");
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now());
    let date = date.expect("the present can be written");

    let length = body.len();
    let mut message = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    message.extend(format!("connection: close\r\ncontent-length: {length}\r\ndate: {date}\r\n").bytes());
    for (name, value) in &head.headers {
        message.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(&body);
    let _ = client.write_all(&message).await;
}
