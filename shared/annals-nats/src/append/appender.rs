//! One task that sends for all who append on one connection.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_nats::{Client, jetstream};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{select, sync::mpsc};

use super::{
    Outgoing, Published,
    batch::{self, Unstored},
    line::{Departure, Line, Pace},
    outgoing::Waiting,
    single,
};
use crate::{LogError, direct, publish::Unpublished};

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
    pub(crate) fn new(client: Client, jetstream: jetstream::Context) -> Self {
        let (door, come) = mpsc::channel(LINE);
        let replicated = Arc::new(AtomicBool::new(false));
        tokio::spawn(run(client, jetstream, come, replicated.clone()));
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

async fn run(
    client: Client,
    jetstream: jetstream::Context,
    mut door: mpsc::Receiver<Waiting>,
    replicated: Arc<AtomicBool>,
) {
    let (mut line, mut under_way) = (Line::default(), FuturesUnordered::<BoxFuture<'_, Landed>>::new());
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
                Departure::Alone(waiting) => alone(&jetstream, waiting).boxed(),
                Departure::Together(members) => together(&client, members).boxed(),
            });
        }
    }
}

async fn alone(jetstream: &jetstream::Context, waiting: Waiting) -> Landed {
    let became = single::publish(jetstream, &waiting.message).await;
    waiting.tell(became);
    Landed::Alone
}

/// One conflict must not cost the others more than a round trip: a refused batch is taken apart.
async fn together(client: &Client, members: Vec<Waiting>) -> Landed {
    let messages: Vec<&Outgoing> = members.iter().map(|member| &member.message).collect();
    let why = match batch::publish(client, &messages).await {
        Ok(first) => {
            (first..).zip(members).for_each(|(position, member)| member.tell(Ok(Published::Now(position))));
            return Landed::Together(Vec::new());
        }
        Err(Unstored::ForSome) => match stale(client, &messages).await {
            Ok(stale) if stale.contains(&true) => return Landed::Together(sort_out(members, &stale)),
            // The server knows an id from before, or others were quicker to go away: alone each is told.
            Ok(_) => return Landed::Together(members.into_iter().map(Waiting::alone).collect()),
            Err(error) => Unpublished::Refused(error.to_string()),
        },
        Err(Unstored::ForAll(why)) => why,
    };
    for member in members {
        member.tell(Err(why.clone())); // its own append looks for it
    }
    Landed::Together(Vec::new())
}

/// Which members expect their subjects elsewhere than they stand.
async fn stale(client: &Client, members: &[&Outgoing]) -> Result<Vec<bool>, LogError> {
    let subjects: Vec<&str> = members.iter().map(|member| member.subject.as_str()).collect();
    let ends = direct::ends(client, &subjects).await?;
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
