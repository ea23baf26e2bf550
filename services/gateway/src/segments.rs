//! The variable segments of a path.

use axum::{
    extract::{FromRequestParts, Path, path::ErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    problem::{Code, Problem},
    values,
};

/// As [`Path`], but what cannot be read is a problem like any other.
pub struct Segments<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(segments)) => Ok(Self(segments)),
            Err(PathRejection::FailedToDeserializePathParams(error)) if is_id(error.kind()) => {
                Err(not_an_id())
            }
            Err(error) => Err(Problem::new(Code::NotFound, format!("The path leads nowhere: {error}."))),
        }
    }
}

fn is_id(garbled: &ErrorKind) -> bool {
    matches!(garbled, ErrorKind::InvalidUtf8InPathParam { key } if key.ends_with("id"))
}

/// The id of an aggregate.
pub fn id(text: &str) -> Result<Uuid, Problem> {
    values::uuid(text).ok_or_else(not_an_id)
}

fn not_an_id() -> Problem {
    Problem::new(Code::InvalidId, "The id is not a UUID like 0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f.")
}
