//! The log on JetStream.

use std::time::Duration;

use annals_core::{Commit, Position, StoredCommit, StreamId};
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    Appended, Log, LogError, Nats, Page, Scope,
    append::{Outgoing, Published},
    connection::PATIENCE,
    direct, leader,
    log::unavailable,
    publish::Unpublished,
    stream, subject,
};

/// The stream `EVENTS`: one message per commit, on the subject `events.{category}.{id}`.
#[derive(Debug, Clone)]
pub struct JetStreamLog {
    nats: Nats,
}

/// How long an append is tried and its outcome looked for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// Between two tries while the log is silent.
const PAUSE: Duration = Duration::from_millis(50);

/// Messages that one question asks for.
const PAGE: usize = 500;

/// What came after the position that an append expected.
enum Since {
    /// The commit itself, perhaps under others.
    Ours(Box<StoredCommit>),
    /// These, without it; none if they are too many to be handed over.
    Others(Vec<StoredCommit>),
    Nothing,
}

impl JetStreamLog {
    pub(crate) fn new(nats: Nats) -> Self {
        Self { nats }
    }

    async fn stream(&self) -> Result<Stream<()>, LogError> {
        let stream = self.nats.jetstream.get_stream_no_info(stream::NAME).await;
        stream.map_err(unavailable)
    }

    /// The server has seen the id before. Ours, if it is in our stream: also before the position
    /// that we expected, where a reader of what came after would not find it.
    async fn earlier(&self, commit: &Commit, position: Position) -> Option<StoredCommit> {
        let found = self.next(&subject::of_stream(&commit.stream), position).await.ok().flatten();
        found.filter(|stored| stored.position == position && stored.commit.id == commit.id)
    }

    /// What the leader says has been stored in the commit's stream after a position.
    async fn since(&self, commit: &Commit, after: Position) -> Result<Since, LogError> {
        let subject = subject::of_stream(&commit.stream);
        let last = self.last(&Scope::Stream(commit.stream.clone())).await?;
        let (mut reached, mut others) = (after, Vec::new());
        while reached < last {
            let page = self.page(&subject, reached).await?;
            if let Some(ours) = page.iter().find(|stored| stored.commit.id == commit.id) {
                return Ok(Since::Ours(Box::new(ours.clone())));
            }
            reached = page.last().map_or(last, |stored| stored.position);
            if others.len() < PAGE {
                others.extend(page);
            }
        }
        match others.last() {
            None => Ok(Since::Nothing),
            Some(end) if end.position < last => Ok(Since::Others(Vec::new())),
            Some(_) => Ok(Since::Others(others)),
        }
    }

    /// Some of a subject's messages after a position, of which there are.
    async fn page(&self, subject: &str, after: Position) -> Result<Vec<StoredCommit>, LogError> {
        let batch = direct::get(&self.nats.client, subject, after + 1, PAGE).await?;
        if !batch.commits.is_empty() {
            return Ok(batch.commits);
        }
        // A replica that lags does not have them yet; the leader has.
        Ok(self.next(subject, after + 1).await?.into_iter().collect())
    }

    /// One message by subject from the leader, from the sequence `from` on.
    async fn next(&self, subject: &str, from: Position) -> Result<Option<StoredCommit>, LogError> {
        let stream = self.stream().await?;
        let found = leader::found(stream.get_first_raw_message_by_subject(subject, from)).await?;
        Ok(found.map(|message| StoredCommit::decode(message.sequence, &message.payload)).transpose()?)
    }
}

/// Bounded also while the connection takes nothing, because it is being made again.
pub(crate) async fn within<T>(question: impl Future<Output = T>) -> Result<T, LogError> {
    timeout(2 * PATIENCE, question).await.map_err(|_| unavailable("the log does not answer"))
}

impl Log for JetStreamLog {
    async fn append(&self, commit: &Commit, expected: Position) -> Result<Appended, LogError> {
        let bytes = Bytes::from(commit.encode()?);
        let deadline = Instant::now() + DEADLINE;
        let mut in_doubt = false;
        loop {
            let message = Outgoing::new(commit, bytes.clone(), expected);
            let why = match self.nats.appender.append(message).await {
                Ok(Published::Now(position)) => {
                    return Ok(Appended::Stored(StoredCommit::now(position, &bytes, commit.clone())));
                }
                Ok(Published::Before(position)) => match self.earlier(commit, position).await {
                    Some(ours) => return Ok(Appended::Stored(ours)),
                    None => Unpublished::Stale,
                },
                Err(why) => why,
            };
            // An answer decides nothing, and neither does silence: the stream does.
            let silent = |_| unavailable("the leader does not answer");
            let since = timeout(2 * PATIENCE, self.since(commit, expected)).await.map_err(silent);
            let (reason, doubtful) = match (why, since.flatten()) {
                (_, Err(LogError::Commit(error))) => return Err(error.into()),
                (_, Ok(Since::Ours(stored))) => return Ok(Appended::Stored(*stored)),
                (_, Ok(Since::Others(commits))) => return Ok(Appended::Overtaken(commits)),
                (Unpublished::Stale, Ok(Since::Nothing)) => return Ok(Appended::Overtaken(Vec::new())),
                (Unpublished::Stale, Err(error)) => (error.to_string(), true),
                (Unpublished::Refused(reason), Ok(Since::Nothing) | Err(_)) => (reason, false),
                (Unpublished::InDoubt(reason), Ok(Since::Nothing) | Err(_)) => (reason, true),
            };
            in_doubt |= doubtful;
            if Instant::now() >= deadline {
                let error = if in_doubt { LogError::OutcomeUnknown } else { LogError::Unavailable };
                return Err(error(reason));
            }
            sleep(PAUSE).await;
        }
    }

    async fn read(&self, scope: &Scope, after: Position, limit: usize) -> Result<Page, LogError> {
        // The end is asked for first: what comes in meanwhile is left to the next page.
        let end = match scope {
            Scope::Category(_) => self.last(&Scope::All).await?,
            Scope::All | Scope::Stream(_) => 0,
        };
        let batch = direct::get(&self.nats.client, &subject::of_scope(scope), after + 1, limit).await?;
        let seen = batch.commits.last().map_or(after, |stored| stored.position);
        // A replica that lags may hide the last ones, so the leader says whether we saw them.
        let complete = !batch.more && end > seen && self.last(scope).await? <= seen;
        Ok(Page { commits: batch.commits, reached: if complete { end } else { seen }, more: batch.more })
    }

    async fn read_latest(&self, stream: &StreamId, after: Position) -> Result<Vec<StoredCommit>, LogError> {
        let subject = subject::of_stream(stream);
        let last = self.last(&Scope::Stream(stream.clone())).await?;
        let (mut reached, mut commits) = (after, Vec::new());
        while reached < last {
            let page = self.page(&subject, reached).await?;
            reached = page.last().map_or(last, |stored| stored.position);
            commits.extend(page);
        }
        Ok(commits)
    }

    async fn last(&self, scope: &Scope) -> Result<Position, LogError> {
        let stream = self.stream().await?;
        let subject = subject::of_scope(scope);
        let found = leader::found(stream.get_last_raw_message_by_subject(&subject)).await?;
        Ok(found.map_or(0, |message| message.sequence))
    }
}
