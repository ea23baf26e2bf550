//! Commands that are carried out in their own time.

use std::time::Duration;

use annals_core::bus::Accepted;
use reqwest::Method;
use serde::Deserialize;
use tokio::time::sleep;
use uuid::Uuid;

use crate::{Answer, Client, Error, Outcome, Problem};

/// Before it is asked again, if the gateway does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// A command that was taken, and will be carried out once even if every service restarts.
#[derive(Debug, Clone)]
pub struct Pending {
    client: Client,
    command_id: Uuid,
    /// Which it was given under, if that is known.
    key: Option<String>,
}

/// What the gateway says when it has taken a command.
#[derive(Debug, Deserialize)]
pub(crate) struct Taken {
    pub command_id: Uuid,
}

/// What has become of it so far: one of the two, or neither yet.
#[derive(Debug, Deserialize)]
struct Status {
    result: Option<Accepted>,
    problem: Option<Problem>,
}

impl Pending {
    pub(crate) fn new(client: Client, command_id: Uuid, key: Option<String>) -> Self {
        Self { client, command_id, key }
    }

    /// What it can be asked for by, with [`Client::command`].
    #[must_use]
    pub fn command_id(&self) -> Uuid {
        self.command_id
    }

    /// What became of it; none as long as it is pending. If it stored something, that is known for ever, else
    /// for 24 h.
    ///
    /// # Errors
    /// When the gateway does not say, or does not know. [`Error::InDoubt`] when it was given up, and may
    /// have been carried out.
    pub async fn look(&self) -> Result<Option<Outcome>, Error> {
        Ok(self.ask().await?.1)
    }

    /// Waits until it has been carried out, or not, for as long as that takes: an hour at most while
    /// something is in its way.
    ///
    /// # Errors
    /// The same as from [`Self::look`].
    pub async fn outcome(&self) -> Result<Outcome, Error> {
        loop {
            match self.ask().await? {
                (_, Some(outcome)) => return Ok(outcome),
                (answer, None) => sleep(answer.retry_after().unwrap_or(PAUSE)).await,
            }
        }
    }

    async fn ask(&self) -> Result<(Answer, Option<Outcome>), Error> {
        let request = self.client.request(Method::GET, &["v1", "commands", &self.command_id.to_string()]);
        let answer = self.client.ask(request).await.map_err(|unanswered| unanswered.error)?;
        let status: Status = answer.json()?;
        if let Some(accepted) = &status.result {
            self.client.saw(accepted.position);
        }
        if let Some(problem) = status.problem.as_ref().filter(|problem| problem.leaves_doubt()) {
            let cause = Box::new(Error::Problem(Box::new(problem.clone())));
            return Err(Error::InDoubt { key: self.key.clone(), cause });
        }
        let outcome = status.result.map(Outcome::Accepted).or_else(|| status.problem.map(Outcome::from));
        Ok((answer, outcome))
    }
}
