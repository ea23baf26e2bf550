//! One task that sends for all who append on one connection.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_nats::{Client, jetstream};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    select,
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    Outgoing, Published,
    batch::{self, Unstored},
    line::{Departure, Line, Pace},
    outgoing::Waiting,
    single,
};
use crate::{LogError, connection::PATIENCE, direct, log::unavailable, publish::Unpublished};

/// Sends commits: alone while few wait, in batches when many do.
#[derive(Debug, Clone)]
pub(crate) struct Appender {
    door: mpsc::Sender<Waiting>,
    replicated: Arc<AtomicBool>,
}

/// The end of a departure.
enum Landed {
    /// It is told.
    Alone,
    /// All are told, but for these, who go again.
    Together(Vec<Waiting>),
}

/// So many wait in line; who comes then waits at the door.
const LINE: usize = 1024;

impl Appender {
    /// Sends on this connection for as long as somebody holds the appender.
    /// `lost` changes whenever the connection is lost.
    pub(crate) fn new(client: Client, jetstream: jetstream::Context, lost: watch::Receiver<()>) -> Self {
        let (door, come) = mpsc::channel(LINE);
        let replicated = Arc::new(AtomicBool::new(false));
        let sender = Sender { client, jetstream, lost };
        tokio::spawn(sender.run(come, replicated.clone()));
        Self { door, replicated }
    }

    /// The log has been found to have so many replicas. Several group by themselves what they write.
    pub(crate) fn has_replicas(&self, number: usize) {
        self.replicated.store(number > 1, Ordering::Relaxed);
    }

    /// Sends one message, and says what became of it.
    pub(crate) async fn append(&self, message: Outgoing) -> Result<Published, Unpublished> {
        let stopping = || "the service is stopping".to_owned();
        let (waiting, told) = Waiting::new(message);
        self.door.send(waiting).await.map_err(|_| Unpublished::Refused(stopping()))?;
        told.await.unwrap_or_else(|_| Err(Unpublished::InDoubt(stopping())))
    }
}

/// What sends.
struct Sender {
    client: Client,
    jetstream: jetstream::Context,
    lost: watch::Receiver<()>,
}

impl Sender {
    async fn run(self, mut door: mpsc::Receiver<Waiting>, replicated: Arc<AtomicBool>) {
        let mut under_way = FuturesUnordered::<BoxFuture<'_, Landed>>::new();
        let mut line = Line::default();
        loop {
            let open = !door.is_closed() || !door.is_empty();
            if !open && line.is_idle() {
                return;
            }
            select! {
                Some(landed) = under_way.next() => match landed {
                    Landed::Alone => line.landed_alone(),
                    Landed::Together(again) => line.landed_together(again),
                },
                Some(waiting) = door.recv(), if open && line.len() < LINE => line.join(waiting),
                else => {}
            }
            // All who are at the door: whether many wait is seen before anybody goes.
            while line.len() < LINE
                && let Ok(waiting) = door.try_recv()
            {
                line.join(waiting);
            }
            let pace = if replicated.load(Ordering::Relaxed) { Pace::REPLICATED } else { Pace::ONE_NODE };
            while let Some(departure) = line.depart(pace) {
                under_way.push(match departure {
                    Departure::Alone(waiting) => self.alone(waiting).boxed(),
                    Departure::Together(members) => self.together(members).map(Landed::Together).boxed(),
                });
            }
        }
    }

    async fn alone(&self, waiting: Waiting) -> Landed {
        let published = single::publish(&self.jetstream, &waiting.message);
        let lost = |reason| Err(Unpublished::InDoubt(reason));
        let became = self.unless_lost(published).await.unwrap_or_else(lost);
        waiting.tell(became);
        Landed::Alone
    }

    /// Who goes again. One conflict must not cost the others more than a round trip: a refused batch is
    /// taken apart.
    async fn together(&self, mut members: Vec<Waiting>) -> Vec<Waiting> {
        let messages: Vec<&Outgoing> = members.iter().map(|member| &member.message).collect();
        let published = self.unless_lost(batch::publish(&self.client, &messages)).await;
        let why = match published {
            Ok(Ok(first)) => {
                let told = (first..).zip(members);
                told.for_each(|(position, member)| member.tell(Ok(Published::Now(position))));
                return Vec::new();
            }
            Ok(Err(Unstored::ForSome)) => match timeout(PATIENCE, stale(&self.client, &messages)).await {
                Ok(Ok(stale)) if stale.contains(&true) => return sort_out(members, &stale),
                // The server knows an id from before, or one is too large: alone it is told.
                _ if members.len() == 1 => return members.into_iter().map(Waiting::alone).collect(),
                _ => {
                    let others = members.split_off(members.len() / 2);
                    let mut again = Box::pin(self.together(members)).await;
                    again.extend(Box::pin(self.together(others)).await);
                    return again;
                }
            },
            Ok(Err(Unstored::ForAll(why))) => why,
            Err(lost) => Unpublished::InDoubt(lost),
        };
        for member in members {
            member.tell(Err(why.clone())); // its own append looks for it
        }
        Vec::new()
    }

    /// What is under way when the connection is lost is never answered: to wait for it would hold up those who
    /// wait behind it.
    async fn unless_lost<T>(&self, published: impl Future<Output = T>) -> Result<T, String> {
        let mut lost = self.lost.clone();
        lost.mark_unchanged();
        select! {
            published = published => Ok(published),
            Ok(()) = lost.changed() => Err("the connection was lost".into()),
        }
    }
}

/// Which members expect their subjects elsewhere than they stand.
async fn stale(client: &Client, members: &[&Outgoing]) -> Result<Vec<bool>, LogError> {
    let subjects: Vec<&str> = members.iter().map(|member| member.subject.as_str()).collect();
    let ends = direct::ends(client, &subjects).await?;
    let ends = ends.ok_or_else(|| unavailable("too much for one answer"))?;
    let end = |subject: &str| ends.get(subject).copied().unwrap_or(0);
    Ok(members.iter().map(|member| end(&member.subject) != member.expected).collect())
}

/// Tells those that are stale, and gives back the others.
fn sort_out(members: Vec<Waiting>, stale: &[bool]) -> Vec<Waiting> {
    let mut others = Vec::new();
    for (member, stale) in members.into_iter().zip(stale) {
        if *stale { member.tell(Err(Unpublished::Stale)) } else { others.push(member) }
    }
    others
}

#[cfg(test)]
#[path = "appender_tests.rs"]
mod tests;
