//! Questions over the bus, and what it means when no answer comes.

use std::time::Duration;

use annals_core::{
    TraceParent,
    bus::{
        Accepted, CommandReply, CommandRequest, Failure, ReactorReply, ReactorRequest, ViewReply, ViewRequest,
    },
};
use async_nats::{Client, Request, RequestErrorKind};
use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, interval_at, sleep, timeout};

use crate::{deadline, subject};

/// Asks the other services.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
}

/// Longer than the command service takes at worst: it waits for a lane and for the log.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);

/// An instance that was killed answers nothing. After so long the same command, under the same id, is
/// given to another: carried out twice it is stored once.
const COMMAND_AGAIN: Duration = Duration::from_secs(3);

/// On top of the time that a view, or a reactor, was asked to wait, it is asked once more.
const READ_AGAIN: Duration = Duration::from_secs(2);

/// On top of that time, all in all.
const READ_PATIENCE: Duration = Duration::from_secs(5);

/// For a service to say that it is there.
const PRESENCE_PATIENCE: Duration = Duration::from_secs(1);

impl Bus {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Gives a command and waits for what becomes of it.
    ///
    /// # Errors
    /// Why it was not carried out, or [`Failure::OutcomeUnknown`].
    pub async fn command(&self, request: &CommandRequest) -> CommandReply {
        let subject = subject::of_command(&request.stream);
        let ask = |patience| self.ask(&subject, request, request.context.trace, patience);
        let (begun, deadline) = (Timestamp::now(), Instant::now() + COMMAND_PATIENCE);
        let mut asked = FuturesUnordered::from_iter([ask(COMMAND_PATIENCE)]);
        let mut again = interval_at(Instant::now() + COMMAND_AGAIN, COMMAND_AGAIN);
        let (mut repeats, mut no): (_, Option<Failure>) = (false, None);
        loop {
            tokio::select! {
                Some(reply) = asked.next() => match reply {
                    Ok(accepted) if repeats => return Ok(first_hand(accepted, begun)),
                    Ok(accepted) => return Ok(accepted),
                    Err(No::Nobody(_)) if !asked.is_empty() => {} // perhaps the next time
                    Err(said) => no = no.into_iter().chain([said.of_command()]).max_by_key(certainty),
                },
                // Whoever says no is alive, and so is not the reason why others are silent.
                _ = again.tick(), if no.is_none() && !asked.is_empty() => {
                    repeats = true;
                    asked.push(ask(deadline.duration_since(Instant::now())));
                }
                // A no is final when nobody may still be at work on it: all have answered, or are dead.
                else => return Err(no.unwrap_or(Failure::OutcomeUnknown)),
            }
        }
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
        let ask = || self.ask(subject, question, None, wait + READ_PATIENCE);
        // To ask twice does no harm, and an instance that was stopped answers nothing.
        let again = async {
            sleep(wait + READ_AGAIN).await;
            ask().await
        };
        let reply = tokio::select! { reply = ask() => reply, reply = again => reply };
        reply.map_err(|no| match no {
            No::Said(failure) => failure,
            No::Nobody(detail) => unavailable(detail),
            No::Silent => unavailable(format!("`{subject}` does not answer")),
        })
    }

    /// Whether an instance of a service answers on the bus.
    pub async fn present(&self, service: &str) -> bool {
        let ping = self.client.request(format!("$SRV.PING.{service}"), "".into());
        matches!(timeout(PRESENCE_PATIENCE, ping).await, Ok(Ok(_)))
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: &str,
        question: &Q,
        trace: Option<TraceParent>,
        patience: Duration,
    ) -> Result<A, No> {
        let payload = serde_json::to_vec(question).expect("a request is plain data");
        let mut headers = deadline::headers(patience);
        if let Some(trace) = trace {
            headers.insert("traceparent", trace.to_string().as_str());
        }
        let request = Request::new().payload(payload.into()).headers(headers).timeout(None);
        let asked = self.client.send_request(subject.to_owned(), request);
        // The client's own limit would begin only once a lost connection has been made again.
        let Ok(reply) = timeout(patience, asked).await else { return Err(No::Silent) };
        match reply {
            Ok(reply) => match serde_json::from_slice::<Result<A, Failure>>(&reply.payload) {
                Ok(said) => said.map_err(No::Said),
                Err(error) => {
                    Err(No::Said(unavailable(format!("`{subject}` answered something else: {error}"))))
                }
            },
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => No::Nobody(format!("nobody serves `{subject}` right now")),
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    No::Said(unavailable(error.to_string()))
                }
                RequestErrorKind::TimedOut | RequestErrorKind::Other => No::Silent,
            }),
        }
    }
}

/// Why there is no good answer.
enum No {
    /// Nobody was there to be asked: nothing was done.
    Nobody(String),
    /// Somebody may have been asked.
    Silent,
    /// This is the answer.
    Said(Failure),
}

impl No {
    fn of_command(self) -> Failure {
        match self {
            Self::Nobody(detail) => unavailable(detail),
            Self::Silent => Failure::OutcomeUnknown,
            Self::Said(failure) => failure,
        }
    }
}

/// An instance that carries out what another one has stored, and did not live to tell, says that it is a
/// repeat. But what was stored since the command was given here is told for the first time.
fn first_hand(accepted: Accepted, begun: Timestamp) -> Accepted {
    let earlier = accepted.events.first().is_none_or(|event| event.recorded_at < begun);
    Accepted { replayed: accepted.replayed && earlier, ..accepted }
}

/// Of several answers that say no the one that counts: a verdict, else a doubt, else that nothing was
/// done. That the first one is still at work is only its own repeat's knowledge.
fn certainty(failure: &Failure) -> usize {
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
