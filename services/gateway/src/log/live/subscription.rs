//! One client that follows the log: through the index up to where that is, and from there on at the tail of the log. If it
//! is so slow that what it missed is no longer in memory, it reads through the index again.

use std::{pin::pin, time::Duration};

use annals_core::{
    Position,
    index::{IndexBody, IndexQuery},
    log::{Checkpoint, Log, Read, ReadError},
};
use annals_nats::Follower;
use axum::response::sse::Event;
use futures_util::TryStreamExt;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::cursor::Cursor;
use crate::{
    log::{
        LogReader, MAX_BYTES,
        reader::{Index, Located, unexpected},
    },
    problem::{Code, Problem},
};

/// Before the log is read again after an error.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Before a client comes back that has lost its connection: less than most would wait.
const CLIENT_RETRY: Duration = Duration::from_secs(1);

/// Events that the index is asked for at once.
const PAGE_EVENTS: u32 = 500;

/// What is to be sent to one client, and when.
pub struct Subscription<L: Log, I> {
    reader: LogReader<L, I>,
    cursor: Cursor,
    source: Source<L>,
    silence: Duration,
    silent_since: Instant,
    /// After an error nothing is read until then.
    not_before: Instant,
    closing: CancellationToken,
}

/// Where events come from.
enum Source<L: Log> {
    /// What the index has found.
    Index(Found),
    /// The tail of the log.
    Tail(Box<Follower<L>>),
}

/// Events that the index has found, and that have not been sent yet.
struct Found {
    addresses: Vec<u64>,
    /// Whether the index has more.
    more: bool,
    /// How far the index was.
    checkpoint: Checkpoint,
}

/// What was read; nothing has been sent yet.
enum Step {
    Located(Vec<Located>),
    Found(Found),
    /// The index has nothing more.
    AtTheTail,
    Read(Vec<Read>),
}

impl<L: Log, I: Index> Subscription<L, I> {
    /// Gives the beginning of what is to be sent, too: while the log cannot be read, or the index is not at its `end`,
    /// there is none.
    pub async fn begin(
        reader: LogReader<L, I>,
        cursor: Cursor,
        end: Position,
        silence: Duration,
        closing: CancellationToken,
    ) -> Result<(Vec<Event>, Self), Problem> {
        let source = Source::Index(ask(&reader, &cursor, end).await?);
        let now = Instant::now();
        let mut subscription =
            Self { reader, cursor, source, silence, silent_since: now, not_before: now, closing };
        let mut first = vec![Event::default().retry(CLIENT_RETRY)];
        if let Source::Index(found) = &subscription.source {
            let located = locate(&subscription.reader, &found.addresses).await?;
            first.extend(subscription.apply(Step::Located(located)));
        }
        Ok((first, subscription))
    }

    /// What is to be sent next, once there is something. None at the end: `until` is reached, the gateway is to stop,
    /// or something is in the way that cannot be read.
    pub async fn next(&mut self) -> Option<Vec<Event>> {
        while !self.cursor.is_over() {
            let events = tokio::select! {
                biased; // so that a client that reads and reads does not hold up the end
                () = self.closing.cancelled() => return None,
                () = sleep_until(self.silent_since + self.silence) => vec![self.cursor.resume()],
                step = step(&self.reader, &self.cursor, &mut self.source, self.not_before) => match step {
                    Ok(step) => self.apply(step),
                    Err(problem) if is_passing(&problem) => {
                        self.pause();
                        continue;
                    }
                    Err(problem) => {
                        warn!(after = %self.cursor.reached(), "a subscription has to end: {}", problem.detail);
                        return None;
                    }
                },
            };
            if !events.is_empty() {
                self.silent_since = Instant::now();
                return Some(events);
            }
        }
        None
    }

    /// What is sent of it.
    fn apply(&mut self, step: Step) -> Vec<Event> {
        let mut events = Vec::new();
        match (step, &mut self.source) {
            (Step::Located(located), Source::Index(found)) => {
                found.addresses.drain(..located.len());
                events.extend(located.iter().map(|located| self.cursor.send(located)));
            }
            (Step::Found(found), source) => *source = Source::Index(found),
            (Step::AtTheTail, Source::Index(found)) => {
                let follower = self.reader.follow(found.checkpoint.head);
                self.source = Source::Tail(Box::new(follower));
            }
            (Step::Read(reads), _) => events = self.cursor.take(&reads),
            (Step::Located(_) | Step::AtTheTail, Source::Tail(_)) => {}
        }
        if let Source::Index(found) = &self.source
            && found.addresses.is_empty()
            && !found.more
        {
            self.cursor.reach(found.checkpoint.position);
        }
        events.extend(self.cursor.finish());
        events
    }

    /// After an error a follower is of no use any more.
    fn pause(&mut self) {
        self.not_before = Instant::now() + RETRY_PAUSE;
        if let Source::Tail(follower) = &mut self.source {
            **follower = self.reader.follow(follower.checkpoint().head);
        }
    }
}

/// Reads on. Nothing is lost when it is given up.
async fn step<L: Log, I: Index>(
    reader: &LogReader<L, I>,
    cursor: &Cursor,
    source: &mut Source<L>,
    not_before: Instant,
) -> Result<Step, Problem> {
    sleep_until(not_before).await;
    match source {
        Source::Index(found) if !found.addresses.is_empty() => {
            locate(reader, &found.addresses).await.map(Step::Located)
        }
        Source::Index(found) if found.more => {
            ask(reader, cursor, found.checkpoint.position).await.map(Step::Found)
        }
        Source::Index(_) => Ok(Step::AtTheTail),
        Source::Tail(follower) => match follower.next_or_behind(MAX_BYTES).await {
            Ok(Some(reads)) => Ok(Step::Read(reads)),
            // Too slow: what it missed is no longer in memory.
            Ok(None) => ask(reader, cursor, reader.end().await?).await.map(Step::Found),
            Err(ReadError::Log(error)) => Err(error.into()),
            Err(error @ (ReadError::Stop(_) | ReadError::Entry(_))) => {
                Err(Problem::new(Code::EventQuarantined, error.to_string()))
            }
        },
    }
}

fn is_passing(problem: &Problem) -> bool {
    matches!(problem.code, Code::Unavailable | Code::ProjectionBehind)
}

async fn ask<L: Log, I: Index>(
    reader: &LogReader<L, I>,
    cursor: &Cursor,
    min_position: Position,
) -> Result<Found, Problem> {
    let (filter, after, until) = (cursor.filter().clone(), cursor.reached().order(), cursor.until());
    let query = IndexQuery::Events { filter, after, until, limit: PAGE_EVENTS };
    let answer = reader.ask(query, min_position).await?;
    let checkpoint = answer.checkpoint;
    let IndexBody::Addresses { addresses, more } = answer.body else { return Err(unexpected(&answer.body)) };
    Ok(Found { addresses, more, checkpoint })
}

/// The first of these events, as many as are sent at once.
async fn locate<L: Log, I: Index>(
    reader: &LogReader<L, I>,
    addresses: &[u64],
) -> Result<Vec<Located>, Problem> {
    let _turn = reader.turn().await?;
    let (mut located, mut bytes) = (Vec::new(), 0);
    let mut events = pin!(reader.events(addresses));
    while bytes < MAX_BYTES
        && let Some(event) = events.try_next().await?
    {
        bytes += event.record().data.get().len() + EVENT_BYTES;
        located.push(event);
    }
    Ok(located)
}

/// About what an event takes beside its data.
const EVENT_BYTES: usize = 400;

#[cfg(test)]
#[path = "subscription_tests.rs"]
mod tests;
