//! What the services answer, as problems.

use annals_core::{
    FieldError, Refused, Unreadable, Version,
    bus::Failure,
    log::{EntryBody, EntryError, LogError},
};
use axum::http::{HeaderValue, header::ETAG};
use serde_json::json;

use crate::{
    headers::ANNALS_POSITION,
    problem::{Code, Problem},
};

/// The strong entity tag of a version: `"3"`.
pub fn etag(version: Version) -> HeaderValue {
    format!("\"{version}\"").parse().expect("digits in quotes are a header value")
}

/// Each thing that is wrong with a payload.
pub fn invalid_payload(errors: &[FieldError]) -> Problem {
    let detail = match errors {
        [error] if error.pointer.is_empty() => format!("The body {}.", error.detail),
        [error] => format!("`{}` does not fit: {}.", error.pointer, error.detail),
        _ => format!("{} things in the payload do not fit; `errors` lists them.", errors.len()),
    };
    Problem::new(Code::InvalidPayload, detail).with("errors", json!(errors))
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::UnknownCategory => {
                Self::new(Code::UnknownCategory, "The command service knows no such category.")
            }
            Failure::UnknownCommand => {
                Self::new(Code::UnknownCommand, "The command service knows no such command.")
            }
            Failure::NotFound { position } => {
                Self::new(Code::NotFound, "There is no such row.").header(ANNALS_POSITION, position)
            }
            Failure::InvalidPayload { errors } => invalid_payload(&errors),
            Failure::InvalidQuery { detail } => Self::new(Code::InvalidQuery, detail),
            Failure::BeyondTheEnd { wanted, end } => Self::new(
                Code::InvalidHeader,
                format!("Annals-Min-Position {wanted} is beyond the end of the log, which is at {end}."),
            ),
            Failure::VersionMismatch { version } => {
                Self::new(Code::VersionMismatch, format!("The stream is at version {version}."))
                    .with("version", version)
                    .header(ETAG, etag(version))
            }
            Failure::Refused(refused) => refusal(refused),
            Failure::PayloadTooLarge { bytes } => Self::new(
                Code::PayloadTooLarge,
                format!(
                    "The events of this command would take {bytes} bytes, and {} are the most.",
                    EntryBody::MAX_COMMAND_BYTES
                ),
            ),
            Failure::ProjectionBehind { position, wanted } => behind(position, wanted),
            Failure::EventQuarantined { detail } => Self::new(Code::EventQuarantined, detail),
            Failure::InternalError { detail } => Self::new(Code::InternalError, detail),
            Failure::Unavailable { detail } => Self::new(Code::Unavailable, detail),
            Failure::IdempotencyKeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was given to another command on the same aggregate.",
            ),
            Failure::CommandInFlight => Self::new(
                Code::CommandInFlight,
                "The first command with this Idempotency-Key is still being carried out.",
            ),
            Failure::Conflict => {
                Self::new(Code::Conflict, "Other writers won every try. Nothing is stored; try again.")
            }
            Failure::OutcomeUnknown => Self::new(
                Code::OutcomeUnknown,
                "The log did not answer in time. Repeat the command with the same Idempotency-Key.",
            ),
        }
    }
}

fn refusal(refused: Refused) -> Problem {
    let problem = Problem::new(Code::Refused, refused.detail);
    let data = refused.data.into_iter();
    data.fold(problem, |problem, (name, value)| problem.with(&name, value)).with("reason", refused.reason)
}

fn behind(position: u64, wanted: Option<u64>) -> Problem {
    let detail = match wanted {
        Some(wanted) => {
            format!("Everything up to {wanted} was asked for, and it is done up to {position} so far.")
        }
        None => format!("The view is being built and has come to position {position}."),
    };
    Problem::new(Code::ProjectionBehind, detail)
        .with("position", position)
        .with("wanted", wanted)
        .header(ANNALS_POSITION, position)
}

impl From<LogError> for Problem {
    /// Only reads end here, and a read that is not answered did nothing.
    fn from(error: LogError) -> Self {
        Self::new(Code::Unavailable, format!("The log cannot be read: {error}."))
    }
}

impl From<EntryError> for Problem {
    fn from(error: EntryError) -> Self {
        Self::new(Code::EventQuarantined, format!("The log cannot be read: {error}."))
    }
}

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        Self::new(Code::EventQuarantined, format!("An event cannot be read: {error}."))
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_mismatch_carries_the_present_version() {
        let response = Problem::from(Failure::VersionMismatch { version: 4 }).into_response();
        assert_eq!(response.status(), 412);
        assert_eq!(response.headers()[ETAG], "\"4\"");
    }

    #[test]
    fn a_refusal_carries_its_reason_and_its_data() {
        let data = json!({ "balance": 3, "status": "open" }).as_object().unwrap().clone();
        let refused = Refused { reason: "insufficient-funds".into(), detail: "No.".into(), data };
        let problem = Problem::from(Failure::Refused(refused));
        assert_eq!(problem.extension("reason"), Some(&json!("insufficient-funds")));
        assert_eq!(problem.extension("balance"), Some(&json!(3)));
        assert_eq!(problem.extension("status"), None);
    }

    #[test]
    fn a_view_that_is_behind_says_where_it_is() {
        let failure = Failure::ProjectionBehind { position: 7, wanted: Some(9) };
        let response = Problem::from(failure).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[ANNALS_POSITION], "7");
    }
}
