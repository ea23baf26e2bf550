//! A question, asked until it is answered.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};
use reqwest::{RequestBuilder, Response};
use tokio::time::timeout;

use crate::{Answer, Client, Error};

/// Attempts that there is time for at least: a connection may be dead without a word.
const ATTEMPTS: u32 = 3;

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
        Error::InDoubt { key: key.to_owned(), cause: Box::new(self.error) }
    }
}

impl Client {
    /// Sends a request, again and again if it may be answered better, and reads the answer. A request
    /// that changes something must have an idempotency key.
    pub(crate) async fn ask(&self, request: RequestBuilder) -> Result<Answer, Unanswered> {
        let request = &request;
        let attempt = async move |left| {
            let answered = in_time(left, async { Answer::read(send(request).await?).await }).await;
            self.watch.show(answered.as_ref().ok());
            let answer = answered?;
            if let Some(position) = answer.position() {
                self.saw(position);
            }
            if answer.status.is_success() { Ok(answer) } else { Err(answer.failure()) }
        };
        self.insist(attempt).await
    }

    /// The same for an answer that has no end.
    pub(crate) async fn open(&self, request: RequestBuilder) -> Result<Response, Unanswered> {
        let request = &request;
        let attempt = async move |left| {
            in_time(left, async {
                let response = send(request).await?;
                if response.status().is_success() {
                    return Ok(response);
                }
                Err(Answer::read(response).await?.failure())
            })
            .await
        };
        self.insist(attempt).await
    }

    /// Makes attempts until one is answered for good. Each is told how long it may take.
    async fn insist<T, F>(&self, attempt: impl Fn(Duration) -> F) -> Result<T, Unanswered>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let deadline = Instant::now() + self.patience;
        let left = || deadline.saturating_duration_since(Instant::now()).min(self.patience / ATTEMPTS);
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

    /// In a session, later reads show at least this.
    pub(crate) fn saw(&self, position: u64) {
        if let Some(seen) = &self.seen {
            seen.fetch_max(position, Ordering::Relaxed);
        }
    }
}

async fn send(request: &RequestBuilder) -> Result<Response, Error> {
    let request = request.try_clone().expect("bodies are JSON, and no streams");
    Ok(request.send().await?)
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
