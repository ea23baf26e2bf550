//! Giving a command.

use std::pin::Pin;

use annals_core::{Version, bus::Accepted};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Answer, Client, Error, Outcome, Pending, pending::Taken};

/// A command that is still to be given; awaiting it gives it.
///
/// It is given again under the same idempotency key after time-outs, lost connections and whatever may
/// pass, for as long as the client is patient, and is carried out at most once. An error means that it is
/// not known what became of it, or that nobody was there to take it: [`Error::repeat`] says which.
///
/// ```no_run
/// # use annals_client::{Client, Error, Outcome};
/// # use annals_domains::account::{Account, Command};
/// # async fn close(annals: Client, id: uuid::Uuid) -> Result<(), Error> {
/// let closed = annals.give::<Account>(id, &Command::Close {}).noting("why", "moved away").await?;
/// if let Outcome::Refused(refused) = closed {
///     assert_eq!(refused.reason, "not-empty");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it is given when it is awaited"]
pub struct Give {
    client: Client,
    key: String,
    precondition: Option<(&'static str, String)>,
    correlation_id: Option<Uuid>,
    body: Body,
}

/// The body at the one door for all commands.
#[derive(Debug, Clone, Serialize)]
struct Body {
    command: String,
    id: Uuid,
    data: Value,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
}

impl Give {
    pub(crate) fn new(client: Client, command: String, id: Uuid, data: Value) -> Self {
        let body = Body { command, id, data, metadata: Map::new() };
        let key = Uuid::new_v4().to_string();
        Self { client, key, precondition: None, correlation_id: None, body }
    }

    /// Under this idempotency key instead of one that is drawn: up to 255 visible characters. The same
    /// command to the same aggregate under the same key is carried out once.
    pub fn key(self, key: &(impl ToString + ?Sized)) -> Self {
        Self { key: key.to_string(), ..self }
    }

    /// Only if the stream is at this version; otherwise the outcome is the problem `version-mismatch`.
    pub fn at_version(self, version: Version) -> Self {
        Self { precondition: Some(("If-Match", format!("\"{version}\""))), ..self }
    }

    /// Only if nothing has happened to the aggregate yet.
    pub fn if_new(self) -> Self {
        Self { precondition: Some(("If-None-Match", "*".into())), ..self }
    }

    /// As a part of something larger: the id is on every event and reaction that follows.
    pub fn correlated_with(self, correlation_id: Uuid) -> Self {
        Self { correlation_id: Some(correlation_id), ..self }
    }

    /// Keeps a note on the events. The value is a scalar.
    pub fn noting(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body.metadata.insert(name.to_owned(), value.into());
        self
    }

    /// Has it kept on disk, to be carried out as soon as possible, and does not wait for that.
    ///
    /// ```no_run
    /// # use annals_client::{Client, Error};
    /// # use annals_domains::account::{Account, Command};
    /// # async fn close(annals: Client, id: uuid::Uuid) -> Result<(), Error> {
    /// let pending = annals.give::<Account>(id, &Command::Close {}).later().await?;
    /// let closed = pending.outcome().await?.accepted()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When it was not taken, or when that is not known.
    pub async fn later(self) -> Result<Pending, Error> {
        let taken: Taken =
            self.send(Some("respond-async")).await?.json().map_err(|error| self.doubt(error))?;
        Ok(Pending::new(self.client, taken.command_id, Some(self.key)))
    }

    async fn now(self) -> Result<Outcome, Error> {
        match self.send(None).await {
            Ok(answer) => {
                let accepted = answer.json().map_err(|error| self.doubt(error))?;
                Ok(Outcome::Accepted(Accepted { replayed: answer.is_replayed(), ..accepted }))
            }
            Err(Error::Problem(problem)) => Ok(Outcome::from(*problem)),
            Err(error) => Err(error),
        }
    }

    async fn send(&self, prefer: Option<&str>) -> Result<Answer, Error> {
        let mut request = self.client.request(Method::POST, &["v1", "commands"]).json(&self.body);
        request = request.header("Idempotency-Key", &self.key);
        if let Some((name, value)) = &self.precondition {
            request = request.header(*name, value);
        }
        if let Some(id) = self.correlation_id {
            request = request.header("X-Correlation-Id", id.to_string());
        }
        if let Some(prefer) = prefer {
            request = request.header("Prefer", prefer);
        }
        self.client.ask(request).await.map_err(|unanswered| unanswered.of_command(&self.key))
    }

    fn doubt(&self, cause: Error) -> Error {
        Error::InDoubt { key: Some(self.key.clone()), cause: Box::new(cause) }
    }
}

impl IntoFuture for Give {
    type Output = Result<Outcome, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.now())
    }
}
