//! Questions over the bus, and what it means when no answer comes.

use std::time::Duration;

use annals_core::{
    Fingerprint,
    bus::{
        Accepted, CommandLookup, CommandReply, CommandRequest, Failure, ReactorReply, ReactorRequest,
        ViewReply, ViewRequest,
    },
    index::{IndexReply, IndexRequest},
};
use async_nats::{Client, Request, RequestErrorKind};
use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, interval_at, sleep, timeout};
use uuid::Uuid;

use super::{
    commands::{Commands, NoAnswer},
    deadline,
};
use crate::subject;

/// Asks the other services.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
    commands: Commands,
}

/// Longer than the command service takes at worst: it waits for the log.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);

/// An instance that was killed answers nothing. After so long the same command, under the same id, is
/// sent again, to another: carried out twice it is stored once.
const RESEND_AFTER: Duration = Duration::from_secs(3);

/// On top of the time that a view, or a reactor, was asked to wait, it is asked once more.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// On top of that time, all in all.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// For a service to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

impl Bus {
    pub(crate) fn new(client: Client) -> Self {
        Self { commands: Commands::new(client.clone()), client }
    }

    /// Sends a command and waits for what becomes of it.
    ///
    /// # Errors
    /// Why it was not carried out, or [`Failure::OutcomeUnknown`].
    pub async fn command(&self, request: &CommandRequest) -> CommandReply {
        let (begun, deadline) = (Timestamp::now(), Instant::now() + COMMAND_TIMEOUT);
        let first = to_json(request);
        let mut asked = FuturesUnordered::from_iter([self.ask_command(first, COMMAND_TIMEOUT)]);
        let mut again = interval_at(Instant::now() + RESEND_AFTER, RESEND_AFTER);
        let (mut repeats, mut no): (_, Option<Failure>) = (false, None);
        loop {
            tokio::select! {
                Some(reply) = asked.next() => match reply {
                    Ok(accepted) if repeats => return Ok(strip_own_replay(accepted, begun)),
                    Ok(accepted) => return Ok(accepted),
                    Err(RpcError::NoResponders(_)) if !asked.is_empty() => {} // perhaps the next time
                    Err(error) => no = no.into_iter().chain([error.of_command()]).max_by_key(severity),
                },
                // An instance that decides is alive, and so is not the reason why others are silent. One that cannot
                // do so now, or is not there yet, may later.
                _ = again.tick(), if no.as_ref().is_none_or(is_nothing_done) && !asked.is_empty() => {
                    repeats = true;
                    let request = to_json(&CommandRequest { first_sending: false, ..request.clone() });
                    asked.push(self.ask_command(request, deadline.duration_since(Instant::now())));
                }
                // A no is final when no instance may still be at work on it: all have answered, or are dead.
                else => return Err(no.unwrap_or(Failure::OutcomeUnknown)),
            }
        }
    }

    async fn ask_command(&self, request: Vec<u8>, wait: Duration) -> Result<Accepted, RpcError> {
        match self.commands.ask(request, wait).await {
            Ok(reply) => answer(subject::COMMANDS, &reply),
            Err(NoAnswer::NoResponders) => Err(no_responders(subject::COMMANDS)),
            Err(NoAnswer::NotSent) => Err(RpcError::Remote(unavailable("it could not be sent".into()))),
            Err(NoAnswer::TimedOut) => Err(RpcError::TimedOut),
        }
    }

    /// What became of a command, if it stored something, however long ago. A fingerprint, if there is one, has to
    /// be that of the command.
    ///
    /// # Errors
    /// [`Failure::IdempotencyKeyReused`] if it is another one's; why there is no answer.
    pub async fn find_command(
        &self,
        id: Uuid,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Option<Accepted>, Failure> {
        self.read(subject::STORED_COMMANDS, &CommandLookup { id, fingerprint }, 0).await
    }

    /// Asks the events index.
    ///
    /// # Errors
    /// Why it does not answer.
    pub async fn index(&self, request: &IndexRequest) -> IndexReply {
        self.read(subject::INDEX, request, request.wait_ms).await
    }

    /// Asks a view. `view` is a name of the catalog.
    ///
    /// # Errors
    /// Why it does not answer.
    pub async fn view(&self, view: &str, request: &ViewRequest) -> ViewReply {
        self.read(&subject::of_view(view), request, request.wait_ms).await
    }

    /// Asks a reactor how it is doing. `reactor` is a name of the catalog.
    ///
    /// # Errors
    /// Why it does not answer.
    pub async fn reactor(&self, reactor: &str, request: &ReactorRequest) -> ReactorReply {
        self.read(&subject::of_reactor(reactor), request, request.wait_ms).await
    }

    /// Asks what may take so long, and then some.
    async fn read<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Q,
        wait_ms: u64,
    ) -> Result<A, Failure> {
        let wait = Duration::from_millis(wait_ms);
        let ask = || self.ask(subject, question, wait + READ_TIMEOUT);
        // To ask twice does no harm, and an instance that was stopped answers nothing.
        let again = async {
            sleep(wait + READ_AGAIN_AFTER).await;
            ask().await
        };
        let reply = tokio::select! { reply = ask() => reply, reply = again => reply };
        reply.map_err(|no| match no {
            RpcError::Remote(failure) => failure,
            RpcError::NoResponders(detail) => unavailable(detail),
            RpcError::TimedOut => unavailable(format!("`{subject}` does not answer")),
        })
    }

    /// Whether an instance of a service answers on the bus.
    pub async fn present(&self, service: &str) -> bool {
        let ping = self.client.request(format!("$SRV.PING.{service}"), "".into());
        matches!(timeout(PING_TIMEOUT, ping).await, Ok(Ok(_)))
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Q,
        wait: Duration,
    ) -> Result<A, RpcError> {
        let headers = deadline::headers(wait);
        let request = Request::new().payload(to_json(question).into()).headers(headers).timeout(None);
        let asked = self.client.send_request(subject.to_owned(), request);
        // The client's own limit would begin only once a lost connection has been made again.
        let Ok(reply) = timeout(wait, asked).await else { return Err(RpcError::TimedOut) };
        match reply {
            Ok(reply) => answer(subject, &reply.payload),
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => no_responders(subject),
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    RpcError::Remote(unavailable(error.to_string()))
                }
                RequestErrorKind::TimedOut | RequestErrorKind::Other => RpcError::TimedOut,
            }),
        }
    }
}

fn to_json(question: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(question).expect("a request is plain data")
}

fn answer<A: DeserializeOwned>(subject: &str, reply: &[u8]) -> Result<A, RpcError> {
    match serde_json::from_slice::<Result<A, Failure>>(reply) {
        Ok(reply) => reply.map_err(RpcError::Remote),
        Err(error) => {
            Err(RpcError::Remote(unavailable(format!("`{subject}` answered something else: {error}"))))
        }
    }
}

fn no_responders(subject: &str) -> RpcError {
    RpcError::NoResponders(format!("no service answers on `{subject}` right now"))
}

/// Why there is no good answer.
enum RpcError {
    /// No instance was there to be asked: nothing was done.
    NoResponders(String),
    /// An instance may have been asked.
    TimedOut,
    /// This is the answer.
    Remote(Failure),
}

impl RpcError {
    fn of_command(self) -> Failure {
        match self {
            Self::NoResponders(detail) => unavailable(detail),
            Self::TimedOut => Failure::OutcomeUnknown,
            Self::Remote(failure) => failure,
        }
    }
}

/// An instance that carries out what another one has stored, and did not live to tell, says that it is a
/// repeat. But what was stored since the command was given here is told for the first time.
fn strip_own_replay(accepted: Accepted, begun: Timestamp) -> Accepted {
    let earlier = accepted.events.first().is_none_or(|event| event.recorded_at < begun);
    Accepted { replayed: accepted.replayed && earlier, ..accepted }
}

fn is_nothing_done(failure: &Failure) -> bool {
    matches!(failure, Failure::Unavailable { .. })
}

/// Of several answers that say no the one that counts: a verdict, else a doubt, else that nothing was
/// done. That the first one is still at work is only its own repeat's knowledge.
fn severity(failure: &Failure) -> usize {
    let ranks = [
        matches!(failure, Failure::CommandInFlight),
        matches!(failure, Failure::Unavailable { .. }),
        matches!(failure, Failure::OutcomeUnknown),
    ];
    ranks.iter().position(|is| *is).unwrap_or(3)
}

fn unavailable(detail: String) -> Failure {
    Failure::Unavailable { detail }
}
