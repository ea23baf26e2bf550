//! A question, asked until it is answered.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use annals_core::{EventView, Position};
use backon::{ExponentialBuilder, Retryable};
use reqwest::{
    Method, Request, RequestBuilder, Response,
    header::{CONTENT_TYPE, HeaderValue},
};
use tokio::time::timeout;

use crate::{Answer, Client, Error};

/// Attempts that there is time for at least: a connection may be dead without a word.
const ATTEMPTS: u32 = 3;

/// What an attempt of a command may take at least. The gateway asks a second instance if the first one is
/// silent, and knows after 15 s what to make of both. Whoever leaves before that, and asks again, may be
/// told no by the second one while the first one still stores.
const COMMAND: Duration = Duration::from_secs(20);

/// What follows the log.
const EVENTS: &str = "text/event-stream";

/// Why there is no answer, after all attempts.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// What the last attempt came to.
    pub error: Error,
    /// Whether one of them may have been carried out.
    doubt: bool,
}

impl Unanswered {
    /// The error, if the question was a command under this key.
    pub(crate) fn of_command(self, key: &str) -> Error {
        let settled = matches!(&self.error, Error::Problem(problem) if problem.is_the_logs_word());
        if settled || !self.doubt {
            return self.error;
        }
        Error::InDoubt { key: Some(key.to_owned()), cause: Box::new(self.error) }
    }
}

impl From<reqwest::Error> for Unanswered {
    /// Nothing has been sent yet.
    fn from(error: reqwest::Error) -> Self {
        Self { error: error.into(), doubt: false }
    }
}

impl Client {
    /// Sends a request, again and again if it may be answered better, and reads the answer. A request
    /// that changes something must have an idempotency key.
    pub(crate) async fn ask(&self, request: RequestBuilder) -> Result<Answer, Unanswered> {
        let request = &request.build()?;
        let attempt = async move |left| {
            let answered = in_time(left, async { Answer::read(self.send(request).await?).await }).await;
            self.watch.show(answered.as_ref().ok());
            let answer = answered?;
            if let Some(position) = answer.position() {
                self.saw(position);
            }
            if answer.status.is_success() { Ok(answer) } else { Err(answer.failure()) }
        };
        self.insist(request.method(), attempt).await
    }

    /// The same for events that have no end.
    pub(crate) async fn open(&self, request: RequestBuilder) -> Result<Response, Unanswered> {
        let request = &request.build()?;
        let attempt = async move |left| {
            in_time(left, async {
                let response = self.send(request).await?;
                if response.status().is_success() && is_of_events(&response) {
                    return Ok(response);
                }
                Err(Answer::read(response).await?.failure())
            })
            .await
        };
        self.insist(request.method(), attempt).await
    }

    async fn send(&self, request: &Request) -> Result<Response, Error> {
        let request = request.try_clone().expect("bodies are JSON, and no streams");
        Ok(self.http.execute(request).await?)
    }

    /// Makes attempts until one is answered for good. Each is told how long it may take.
    async fn insist<T, F>(&self, method: &Method, attempt: impl Fn(Duration) -> F) -> Result<T, Unanswered>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + self.patience;
        let longest = self.longest_attempt(method);
        let left = || deadline.saturating_duration_since(Instant::now()).min(longest);
        let mut doubt = false;
        let answered = (|| attempt(left()))
            .retry(pauses())
            .when(Error::is_passing)
            .adjust(|error, pause| {
                let pause = pause?.max(error.retry_after());
                (Instant::now() + pause < deadline).then_some(pause)
            })
            .notify(|error, _| doubt |= error.leaves_doubt())
            .await;
        answered.map_err(|error| Unanswered { doubt: doubt || error.leaves_doubt(), error })
    }

    /// How long one attempt may take, if there is time for it.
    pub(crate) fn longest_attempt(&self, method: &Method) -> Duration {
        let least = if *method == Method::POST { COMMAND } else { Duration::ZERO };
        (self.patience / ATTEMPTS).max(least)
    }

    /// In a session, later reads show at least this.
    pub(crate) fn saw(&self, position: Position) {
        if let Some(seen) = &self.seen {
            seen.fetch_max(position, Ordering::Relaxed);
        }
    }

    /// The same of events that were answered.
    pub(crate) fn saw_events<'a>(&self, events: impl IntoIterator<Item = &'a EventView>) {
        if let Some(position) = events.into_iter().map(|event| event.position).max() {
            self.saw(position);
        }
    }
}

fn is_of_events(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::to_str);
    let kind = kind.and_then(Result::ok).and_then(|kind| kind.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(EVENTS))
}

async fn in_time<T>(left: Duration, attempt: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(left, attempt).await.unwrap_or(Err(Error::TimedOut(left)))
}

fn pauses() -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_millis(500))
        .with_jitter()
        .without_max_times()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_of_a_command_outlasts_the_gateway() {
        let longest_of_the_gateway = Duration::from_secs(15);
        let client = Client::try_new("http://a").unwrap();
        assert!(client.longest_attempt(&Method::POST) > longest_of_the_gateway);
        assert!(client.patience > 2 * client.longest_attempt(&Method::POST), "a connection may be dead");

        let client = client.patient_for(Duration::from_secs(18));
        assert!(client.longest_attempt(&Method::POST) > longest_of_the_gateway);
        assert_eq!(client.longest_attempt(&Method::GET), Duration::from_secs(6));
    }
}
