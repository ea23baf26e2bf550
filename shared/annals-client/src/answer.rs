//! What came back over HTTP.

use std::time::Duration;

use annals_core::Position;
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::{Error, Problem};

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Result<Self, Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// What is wrong, if it is no success.
    pub(crate) fn failure(self) -> Error {
        match self.json::<Problem>() {
            Ok(problem) => {
                let retry_after = self.retry_after();
                Error::Problem(Box::new(Problem { retry_after, ..problem }))
            }
            Err(_) => Error::Foreign { status: self.status.as_u16(), text: self.text },
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(serde_json::from_str(&self.text)?)
    }

    /// The log position that it holds for.
    pub(crate) fn position(&self) -> Option<Position> {
        self.header("annals-position")?.parse().ok()
    }

    /// When to ask again for something better.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER.as_str())?.parse().ok().map(Duration::from_secs)
    }

    /// Whether it was given before, to the same command.
    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed").is_some()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
