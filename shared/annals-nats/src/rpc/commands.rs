//! Sends commands: those that wait together in one message; one that is alone goes at once.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::{
    sync::{OnceCell, mpsc, oneshot},
    task::yield_now,
    time::timeout,
};
use tracing::warn;

use super::batch;
use crate::subject;

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// No instance is there: nothing was done.
    NoResponders,
    /// It could not be sent: nothing was done.
    NotSent,
    /// It may have been done.
    TimedOut,
}

/// Sends commands over one connection. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Commands {
    client: Client,
    sender: Arc<OnceCell<mpsc::Sender<Request>>>,
}

#[derive(Debug)]
struct Request {
    deadline: Timestamp,
    json: Vec<u8>,
    answer: oneshot::Sender<Result<Bytes, NoAnswer>>,
}

/// Requests that have been sent and not been answered.
#[derive(Debug, Default)]
struct Waiting {
    requests: Mutex<HashMap<u64, Sent>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Sent {
    message: u64,
    answer: oneshot::Sender<Result<Bytes, NoAnswer>>,
}

/// Requests that wait to be sent: more wait in their own tasks.
const QUEUE: usize = 1024;

impl Commands {
    pub(super) fn new(client: Client) -> Self {
        Self { client, sender: Arc::default() }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&self, json: Vec<u8>, wait: Duration) -> Result<Bytes, NoAnswer> {
        let asked = async {
            let sender = self.sender.get_or_try_init(|| start(self.client.clone())).await;
            let (answer, answered) = oneshot::channel();
            let request = Request { deadline: Timestamp::now() + wait, json, answer };
            sender?.send(request).await.map_err(|_| NoAnswer::TimedOut)?;
            answered.await.map_err(|_| NoAnswer::TimedOut)?
        };
        timeout(wait, asked).await.unwrap_or(Err(NoAnswer::TimedOut))
    }
}

/// Begins to send. It ends with the last clone of the sender.
async fn start(client: Client) -> Result<mpsc::Sender<Request>, NoAnswer> {
    let inbox = client.new_inbox();
    let answers = client.subscribe(format!("{inbox}.*")).await.map_err(|_| NoAnswer::TimedOut)?;
    let (sender, requests) = mpsc::channel(QUEUE);
    let waiting = Arc::new(Waiting::default());
    tokio::spawn(async move {
        tokio::select! {
            () = send(&client, &inbox, requests, &waiting) => {}
            () = receive(answers, &waiting) => {}
        }
    });
    Ok(sender)
}

async fn send(client: &Client, inbox: &str, mut requests: mpsc::Receiver<Request>, waiting: &Waiting) {
    let mut left = None; // what did not fit
    for message in 1_u64.. {
        let first = match left.take() {
            Some(left) => Some(left),
            None => requests.recv().await,
        };
        let Some(mut request) = first else { return };
        yield_now().await; // the first request starts this task at once: those that are ready come first
        let mut payload = Vec::new();
        loop {
            if !payload.is_empty() && payload.len() + request.json.len() > batch::MAX_BYTES {
                left = Some(request);
                break;
            }
            // One that has been given up is not sent.
            if !request.answer.is_closed() {
                let number = waiting.add(message, request.answer);
                batch::push_request(&mut payload, number, request.deadline, &request.json);
            }
            let Ok(next) = requests.try_recv() else { break };
            request = next;
        }
        if payload.is_empty() {
            continue;
        }
        if message % 1024 == 0 {
            waiting.forget_those_given_up();
        }
        let reply_to = format!("{inbox}.{message}");
        if let Err(error) = client.publish_with_reply(subject::COMMANDS, reply_to, payload.into()).await {
            warn!(%error, "commands were not sent");
            waiting.not_taken(message, NoAnswer::NotSent);
        }
    }
}

async fn receive(mut answers: Subscriber, waiting: &Waiting) {
    while let Some(message) = answers.next().await {
        if message.status == Some(StatusCode::NO_RESPONDERS) {
            let number = message.subject.rsplit('.').next().and_then(|number| number.parse().ok());
            waiting.not_taken(number.unwrap_or_default(), NoAnswer::NoResponders);
            continue;
        }
        for line in batch::answers(&message.payload) {
            waiting.answer(line.number, line.json);
        }
    }
}

impl Waiting {
    fn add(&self, message: u64, answer: oneshot::Sender<Result<Bytes, NoAnswer>>) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, Sent { message, answer });
        number
    }

    fn answer(&self, number: u64, json: Bytes) {
        if let Some(sent) = self.lock().remove(&number) {
            let _ = sent.answer.send(Ok(json)); // it may have been given up
        }
    }

    /// What was in a message will not be answered.
    fn not_taken(&self, message: u64, why: NoAnswer) {
        for (_, sent) in self.lock().extract_if(|_, sent| sent.message == message) {
            let _ = sent.answer.send(Err(why));
        }
    }

    fn forget_those_given_up(&self) {
        self.lock().retain(|_, sent| !sent.answer.is_closed());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Sent>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
