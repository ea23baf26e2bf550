//! What the gateway says when it does not do something.

use std::{fmt, time::Duration};

use annals_core::{Refused, Version};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A problem as in RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// What went wrong, as a name to rely on: `version-mismatch`.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// The code in words.
    pub title: String,
    /// A sentence for a person.
    pub detail: String,
    /// What else is told: `version`, `errors`, `reason`, or the data of a refusal.
    #[serde(flatten)]
    pub data: Map<String, Value>,
    /// When to come back.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// The version that the stream is at, when it was expected at another one.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.data.get("version").and_then(Value::as_u64)
    }

    /// Whether the same may be answered better in a moment. What is quarantined stays for longer.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self.status, 409 | 429 | 502 | 503 | 504) && self.code != "event-quarantined"
    }

    /// Whether the log was asked for the command, so that earlier attempts are accounted for.
    pub(crate) fn is_the_logs_word(&self) -> bool {
        matches!(self.code.as_str(), "refused" | "version-mismatch" | "conflict" | "idempotency-key-reused")
    }

    /// Whether the command may have been carried out all the same.
    pub(crate) fn leaves_doubt(&self) -> bool {
        let nothing_was_done = StatusCode::SERVICE_UNAVAILABLE.as_u16();
        (self.status >= 500 && self.status != nothing_was_done) || self.code == "command-in-flight"
    }

    /// The refusal that it is, if it is one.
    pub(crate) fn refused(mut self) -> Result<Refused, Self> {
        match self.data.remove("reason") {
            Some(Value::String(reason)) if self.code == "refused" => {
                self.data.retain(|name, _| name != "type" && name != "instance");
                Ok(Refused { reason, detail: self.detail, data: self.data })
            }
            Some(other) => {
                self.data.insert("reason".into(), other);
                Err(self)
            }
            None => Err(self),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(status: u16, code: &str, more: &[(&str, Value)]) -> Problem {
        let mut body = json!({
            "type": format!("/problems/{code}"), "title": "No", "status": status, "detail": "No.",
            "instance": "/v1/commands", "code": code,
        });
        for (name, value) in more {
            body[name] = value.clone();
        }
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_refusal_has_its_reason_and_its_own_data() {
        let more = [("reason", json!("insufficient-funds")), ("balance", json!(3))];
        let refused = problem(422, "refused", &more).refused().unwrap();
        assert_eq!(refused.reason, "insufficient-funds");
        assert_eq!(Value::from(refused.data), json!({ "balance": 3 }));
    }

    #[test]
    fn another_problem_is_no_refusal_and_stays_whole() {
        let mismatch = problem(412, "version-mismatch", &[("version", json!(4)), ("reason", json!("x"))]);
        let mismatch = mismatch.refused().unwrap_err();
        assert_eq!((mismatch.version(), &mismatch.data["reason"]), (Some(4), &json!("x")));
    }

    #[test]
    fn what_passes_is_told_from_what_stays() {
        for (status, code) in [(503, "unavailable"), (504, "outcome-unknown"), (409, "conflict")] {
            assert!(problem(status, code, &[]).is_passing(), "{code}");
        }
        for (status, code) in [(503, "event-quarantined"), (500, "internal-error"), (404, "not-found")] {
            assert!(!problem(status, code, &[]).is_passing(), "{code}");
        }
    }
}
