//! What came back over HTTP.

use std::time::Duration;

use annals_core::Position;
use reqwest::{
    Response,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;

use crate::{Error, Problem};

/// A success, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What it holds for: `Annals-Position`.
    pub position: Option<Position>,
    /// Whether it was given before, to the same command.
    pub replayed: bool,
    /// When to ask again for something better.
    pub retry_after: Option<Duration>,
    text: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Result<Self, Error> {
        let headers = response.headers();
        let (position, retry_after) = (position(headers), retry_after(headers));
        let replayed = headers.contains_key("idempotency-replayed");
        Ok(Self { position, replayed, retry_after, text: response.text().await? })
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(serde_json::from_str(&self.text)?)
    }
}

/// Lets a success through. Anything else is read to its end, to say what is wrong.
pub(crate) async fn success(response: Response) -> Result<Response, Error> {
    let (status, retry_after) = (response.status(), retry_after(response.headers()));
    if status.is_success() {
        return Ok(response);
    }
    let text = response.text().await?;
    match serde_json::from_str::<Problem>(&text) {
        Ok(problem) => Err(Error::Problem(Box::new(Problem { retry_after, ..problem }))),
        Err(_) => Err(Error::Foreign { status: status.as_u16(), text }),
    }
}

/// The log position that an answer holds for.
pub(crate) fn position(headers: &HeaderMap) -> Option<Position> {
    headers.get("annals-position")?.to_str().ok()?.parse().ok()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
