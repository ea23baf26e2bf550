//! A request, on its way to the system.

use std::{future::IntoFuture, pin::Pin};

use reqwest::{Body, RequestBuilder};
use serde_json::Value;

use crate::Answer;

/// A request that can still be given headers; awaiting it sends it.
///
/// ```no_run
/// # async fn deposit(system: annals_testkit::System, path: &str) {
/// let body = serde_json::json!({ "amount": 250 });
/// let stored = system.post(path, &body).header("If-Match", "\"1\"").await.accepted();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it is sent when it is awaited"]
pub struct Call(pub(crate) RequestBuilder);

impl Call {
    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sends JSON.
    pub fn json(self, body: &Value) -> Self {
        Self(self.0.json(body))
    }

    /// Sends this as it is, which need not be JSON. It has no content type but the one that is added.
    pub fn body(self, body: impl Into<Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends it, also to a system that may not be there.
    ///
    /// # Errors
    /// When there was no answer, or only a part of one.
    pub async fn attempt(self) -> reqwest::Result<Answer> {
        Answer::read(self.0.send().await?).await
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.attempt().await.unwrap_or_else(|error| panic!("no answer: {error:?}")) })
    }
}
