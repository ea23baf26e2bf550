//! Answers commands: requests come many in one message, answers go as many in one as are there.

use std::{collections::HashMap, future::Future, sync::Arc};

use annals_core::bus::{Accepted, CommandRequest, Failure};
use async_nats::{Client, Message, Subject, Subscriber};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::yield_now,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use super::{
    batch::{self, Line},
    panics::caught,
    service::{DRAIN_TIMEOUT, QUEUE_GROUP, ServeError, sign_off},
};
use crate::{Nats, connection::REQUEST_TIMEOUT, subject};

/// The command service on the bus, before it begins to answer.
pub struct CommandService {
    client: Client,
    presence: async_nats::service::Service,
    subscriber: Subscriber,
}

/// KiB of requests that one instance works on at once. Beyond that it says so at once: no queue without end.
const MAX_KIB: usize = 64 * 1024;

/// No request counts for less: its answer takes memory, too.
const MIN_KIB: usize = 4;

/// Answers that wait to be sent.
const ANSWERS: usize = 4096;

/// One answer on its way.
struct Answer {
    reply_to: Subject,
    number: u64,
    json: Vec<u8>,
}

impl Nats {
    /// Offers to take commands, as a service of this name.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn serve_commands(&self, name: &str) -> Result<CommandService, ServeError> {
        let presence = self.presence(name).await?;
        let subscriber = self.client.queue_subscribe(subject::COMMANDS, QUEUE_GROUP.into()).await;
        let subscriber = subscriber.map_err(|error| ServeError(error.to_string()))?;
        Ok(CommandService { client: self.client.clone(), presence, subscriber })
    }
}

impl CommandService {
    /// Answers until `shutdown`, then finishes what has come in, for 5 s at most.
    pub async fn run<F, Fut>(self, answer: F, shutdown: CancellationToken)
    where
        F: Fn(CommandRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Accepted, Failure>> + Send + 'static,
    {
        let Self { client, presence, mut subscriber } = self;
        let (answers, to_send) = mpsc::channel(ANSWERS);
        let sending = tokio::spawn(send(client, to_send));
        let work = Work {
            answer: Arc::new(answer),
            permits: Arc::new(Semaphore::new(MAX_KIB)),
            answers,
            tasks: TaskTracker::new(),
        };
        while let Some(Some(message)) = shutdown.run_until_cancelled(subscriber.next()).await {
            work.begin(message).await;
        }
        sign_off(presence).await;
        // The server hears of it first, so that nothing more is sent here; what it had sent still comes.
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        if let Ok(Ok(())) = timeout_at(deadline, subscriber.drain()).await {
            while let Ok(Some(message)) = timeout_at(deadline, subscriber.next()).await {
                work.begin(message).await;
            }
        }
        let Work { answers, tasks, .. } = work;
        tasks.close();
        if timeout(DRAIN_TIMEOUT, tasks.wait()).await.is_err() {
            warn!("{} commands were not answered", tasks.len());
        }
        drop(answers);
        if timeout(REQUEST_TIMEOUT, sending).await.is_err() {
            warn!("answers could not be sent: the connection is lost");
        }
    }
}

struct Work<F> {
    answer: Arc<F>,
    permits: Arc<Semaphore>,
    answers: mpsc::Sender<Answer>,
    tasks: TaskTracker,
}

impl<F> Work<F> {
    async fn begin<Fut>(&self, message: Message)
    where
        F: Fn(CommandRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Accepted, Failure>> + Send + 'static,
    {
        let Some(reply_to) = message.reply else { return debug!("commands that want no answer") };
        let now = Timestamp::now();
        for line in batch::requests(&message.payload) {
            if line.deadline.is_some_and(|deadline| deadline < now) {
                warn!("a command came too late: its sender has given it up");
                continue;
            }
            let kib = (line.json.len() / 1024).max(MIN_KIB);
            let permits =
                u32::try_from(kib).ok().and_then(|kib| self.permits.clone().try_acquire_many_owned(kib).ok());
            let Some(permits) = permits else {
                self.refuse(reply_to.clone(), line.number).await;
                continue;
            };
            self.spawn(reply_to.clone(), line, permits);
        }
    }

    fn spawn<Fut>(&self, reply_to: Subject, line: Line, permits: OwnedSemaphorePermit)
    where
        F: Fn(CommandRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Accepted, Failure>> + Send + 'static,
    {
        let (answer, answers) = (self.answer.clone(), self.answers.clone());
        self.tasks.spawn(async move {
            let reply = match serde_json::from_slice(&line.json) {
                // It is large, and a task is moved more than once before it runs.
                Ok(request) => caught("the command service", Box::pin(answer(request))).await,
                Err(error) => unavailable(format!("not a request: {error}")),
            };
            let answer = Answer { reply_to, number: line.number, json: to_json(&reply) };
            let _ = answers.send(answer).await; // at a stop that took too long
            drop(permits);
        });
    }

    async fn refuse(&self, reply_to: Subject, number: u64) {
        let json = to_json(&unavailable("too many requests at once".into()));
        let _ = self.answers.send(Answer { reply_to, number, json }).await;
    }
}

fn unavailable(detail: String) -> Result<Accepted, Failure> {
    Err(Failure::Unavailable { detail })
}

fn to_json(reply: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(reply).expect("a reply is plain data")
}

/// Sends answers, those to one sender together, until all have been sent.
async fn send(client: Client, mut answers: mpsc::Receiver<Answer>) {
    let mut ready = Vec::new();
    while answers.recv_many(&mut ready, ANSWERS).await > 0 {
        yield_now().await; // the first answer starts this task at once: those that are ready come first
        while ready.len() < ANSWERS
            && let Ok(answer) = answers.try_recv()
        {
            ready.push(answer);
        }
        let mut messages: HashMap<String, Vec<u8>> = HashMap::new();
        for Answer { reply_to, number, json } in ready.drain(..) {
            let message = messages.entry(reply_to.to_string()).or_default();
            if !message.is_empty() && message.len() + json.len() > batch::MAX_BYTES {
                publish(&client, reply_to, std::mem::take(message)).await;
            }
            batch::push_answer(message, number, &json);
        }
        for (reply_to, message) in messages {
            publish(&client, reply_to.into(), message).await;
        }
    }
}

async fn publish(client: &Client, reply_to: Subject, message: Vec<u8>) {
    match timeout(REQUEST_TIMEOUT, client.publish(reply_to, message.into())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "answers could not be sent"),
        Err(_) => warn!("answers could not be sent: the connection is lost"),
    }
}
