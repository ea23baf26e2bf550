//! One client that follows the log.

use std::{sync::Arc, time::Duration};

use annals_core::{Position, StoredCommit};
use annals_nats::Scope;
use axum::response::sse::Event;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    tail::{PAGE, Pages, Stretch},
    telling::Telling,
};
use crate::problem::{Code, Problem};

/// Before the log is read again that could not be read, or did not have yet what is in it.
const PAUSE: Duration = Duration::from_millis(100);

/// Before a client comes back that has lost its connection: less than most would wait.
const RETRY: Duration = Duration::from_secs(1);

/// What is to be sent to one client, and when. Between two pages it holds none of the log.
pub struct Follower<P> {
    telling: Telling,
    source: Source<P>,
    silence: Duration,
    silent_since: Instant,
    closing: CancellationToken,
}

/// Where a follower gets the log from.
pub struct Source<P> {
    /// Page by page, until it has come to the end;
    log: P,
    /// from then on with all others.
    newest: watch::Receiver<Arc<Stretch>>,
    /// How many commits are asked for: of large ones, about as many as are told at once.
    most: usize,
}

impl<P: Pages> Follower<P> {
    /// Gives the beginning of what is to be sent, too: while the log cannot be read, there is none.
    pub async fn begin(
        mut telling: Telling,
        mut source: Source<P>,
        silence: Duration,
        closing: CancellationToken,
    ) -> Result<(Vec<Event>, Self), Problem> {
        let after = telling.reached();
        let page = source.log.page(&telling.filter().scope(), after, PAGE).await?;
        let mut first = vec![Event::default().retry(RETRY)];
        first.extend(source.tell(&mut telling, &Stretch::after(after, page)));
        Ok((first, Self { telling, source, silence, silent_since: Instant::now(), closing }))
    }

    /// What is to be sent next, once there is something. None at the end: `until` is reached, the gateway
    /// is to stop, or an event is in the way that cannot be read.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.telling.is_over() {
            let scope = self.telling.filter().scope();
            let told = tokio::select! {
                biased; // so that a client who reads and reads does not hold up the end
                () = self.closing.cancelled() => return None,
                () = sleep_until(self.silent_since + self.silence) => vec![self.telling.resume()],
                stretch = self.source.after(&scope, self.telling.reached()) => match stretch {
                    Ok(stretch) => self.source.tell(&mut self.telling, &stretch),
                    Err(problem) => {
                        warn!(after = self.telling.reached(), "a follower has to stop: {}", problem.detail);
                        return None;
                    }
                },
            };
            if !told.is_empty() {
                self.silent_since = Instant::now();
                return Some(told);
            }
        }
        None
    }
}

impl<P: Pages> Source<P> {
    /// Reads by itself, until it has seen what is new.
    pub fn new(log: P, newest: watch::Receiver<Arc<Stretch>>) -> Self {
        Self { log, newest, most: PAGE }
    }

    /// Tells a stretch. What is left of it will be read again, so the next ones shall be no longer than what
    /// is told of this one.
    fn tell(&mut self, telling: &mut Telling, stretch: &Stretch) -> Vec<Event> {
        let before = telling.reached();
        let told = telling.tell(&stretch.commits, stretch.reached);
        let looked_at = |stored: &&StoredCommit| (before + 1..=telling.reached()).contains(&stored.position);
        self.most = if telling.reached() < stretch.reached {
            stretch.commits.iter().filter(looked_at).count().max(1)
        } else {
            (2 * self.most).min(PAGE)
        };
        told
    }

    /// A stretch of the log in which there is something after a position, as soon as there is one. While
    /// the log cannot be reached there is none.
    async fn after(&mut self, scope: &Scope, reached: Position) -> Result<Arc<Stretch>, Problem> {
        loop {
            let newest = Arc::clone(&self.newest.borrow_and_update());
            if newest.after <= reached && reached < newest.reached {
                return Ok(newest);
            }
            if newest.after <= reached {
                self.newest.changed().await.expect("the gateway has the other end");
                continue;
            }
            match self.log.page(scope, reached, self.most).await {
                Ok(page) if page.reached > reached => return Ok(Arc::new(Stretch::after(reached, page))),
                Ok(_) => {}
                Err(problem) if problem.code == Code::Unavailable => {}
                Err(problem) => return Err(problem),
            }
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
#[path = "follower_tests.rs"]
mod tests;
