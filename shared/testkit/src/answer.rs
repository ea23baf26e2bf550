//! What came back over HTTP, and what a test expects of it.

use reqwest::{Response, StatusCode, header::HeaderMap};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub text: String,
    /// The body as JSON; null if it is something else.
    pub json: Value,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self::new(status, headers, response.text().await?))
    }

    fn new(status: StatusCode, headers: HeaderMap, text: String) -> Self {
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, json }
    }

    /// The value of a header; empty if it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body of a success (2xx). Anything else fails the test.
    #[track_caller]
    #[must_use]
    pub fn accepted(self) -> Value {
        assert!(self.status.is_success(), "not accepted: {} {}", self.status, self.text);
        self.json
    }

    /// The body of an RFC 9457 problem with this status and code. Anything else fails the test.
    #[track_caller]
    #[must_use]
    pub fn problem(self, status: u16, code: &str) -> Value {
        let got = format!("{} {}", self.status, self.text);
        assert_eq!((self.status.as_u16(), self.json["code"].as_str()), (status, Some(code)), "{got}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{got}");
        assert_eq!(self.json["status"], status, "{got}");
        self.json
    }
}

impl From<&annals_client::Answer> for Answer {
    fn from(answer: &annals_client::Answer) -> Self {
        Self::new(answer.status, answer.headers.clone(), answer.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: u16, content_type: &'static str, json: Value) -> Answer {
        let headers =
            [("content-type".parse().unwrap(), content_type.parse().unwrap())].into_iter().collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, text: json.to_string(), json }
    }

    fn refused() -> Value {
        json!({ "type": "/problems/refused", "status": 422, "code": "refused", "reason": "insufficient-funds" })
    }

    #[test]
    fn an_accepted_answer_gives_its_body() {
        assert_eq!(answer(201, "application/json", json!({ "version": 1 })).accepted()["version"], 1);
    }

    #[test]
    #[should_panic(expected = "not accepted: 422 Unprocessable Entity")]
    fn a_problem_is_not_accepted() {
        let _ = answer(422, "application/problem+json", refused()).accepted();
    }

    #[test]
    fn a_problem_gives_its_body() {
        let problem = answer(422, "application/problem+json", refused()).problem(422, "refused");
        assert_eq!(problem["reason"], "insufficient-funds");
    }

    #[test]
    #[should_panic(expected = "application/json")]
    fn a_problem_says_that_it_is_one() {
        let _ = answer(422, "application/json", refused()).problem(422, "refused");
    }
}
