//! Questions over the bus, and what it means when no answer comes.

use std::time::Duration;

use annals_core::{
    TraceParent,
    bus::{Accepted, CommandReply, CommandRequest, Failure, ViewReply, ViewRequest},
};
use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, interval_at, timeout, timeout_at};

use crate::subject;

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

/// On top of the time that a view was asked to wait.
const VIEW_PATIENCE: Duration = Duration::from_secs(5);

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
        let deadline = Instant::now() + COMMAND_PATIENCE;
        let ask = || self.ask(&subject, request, request.context.trace, deadline, Failure::OutcomeUnknown);
        let mut asked = FuturesUnordered::from_iter([ask()]);
        let mut again = interval_at(Instant::now() + COMMAND_AGAIN, COMMAND_AGAIN);
        let (begun, mut repeats, mut no): (_, _, Option<Failure>) = (Timestamp::now(), false, None);
        loop {
            tokio::select! {
                Some(reply) = asked.next() => match reply {
                    Ok(accepted) if repeats => return Ok(first_hand(accepted, begun)),
                    Ok(accepted) => return Ok(accepted),
                    Err(failure) => no = no.into_iter().chain([failure]).max_by_key(certainty),
                },
                _ = again.tick(), if !asked.is_empty() => {
                    repeats = true;
                    asked.push(ask());
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
        let deadline = Instant::now() + VIEW_PATIENCE + Duration::from_millis(request.wait_ms);
        let silent = unavailable(format!("view `{view}` does not answer"));
        self.ask(&subject::of_view(view), request, None, deadline, silent).await
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
        deadline: Instant,
        silence: Failure,
    ) -> Result<A, Failure> {
        let payload = serde_json::to_vec(question).expect("a request is plain data");
        let mut request = Request::new().payload(payload.into()).timeout(None);
        if let Some(trace) = trace {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", trace.to_string().as_str());
            request = request.headers(headers);
        }
        let asked = self.client.send_request(subject.to_owned(), request);
        // The client's own limit would begin only once a lost connection has been made again.
        let Ok(reply) = timeout_at(deadline, asked).await else { return Err(silence) };
        match reply {
            Ok(reply) => {
                serde_json::from_slice::<Result<A, Failure>>(&reply.payload).unwrap_or_else(|error| {
                    Err(unavailable(format!("`{subject}` answered something else: {error}")))
                })
            }
            Err(error) => Err(match error.kind() {
                RequestErrorKind::NoResponders => unavailable(format!("nobody serves `{subject}` right now")),
                RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                    unavailable(error.to_string())
                }
                RequestErrorKind::TimedOut | RequestErrorKind::Other => silence,
            }),
        }
    }
}

/// An instance that carries out what another one has stored, and did not live to tell, says that it is a
/// repeat. But what was stored since the command was given here is told for the first time.
fn first_hand(accepted: Accepted, begun: Timestamp) -> Accepted {
    let earlier = accepted.events.first().is_none_or(|event| event.recorded_at < begun);
    Accepted { replayed: accepted.replayed && earlier, ..accepted }
}

/// Of several answers that say no the one that is surest: a verdict, then a doubt, then that nothing
/// was done, which the others do not know.
fn certainty(failure: &Failure) -> u8 {
    let idle = matches!(failure, Failure::Unavailable { .. });
    let doubt = matches!(failure, Failure::OutcomeUnknown | Failure::CommandInFlight);
    if idle {
        0
    } else if doubt {
        1
    } else {
        2
    }
}

fn unavailable(detail: String) -> Failure {
    Failure::Unavailable { detail }
}
