//! Questions over the bus, and what it means when no answer comes.

use std::time::Duration;

use annals_core::{
    TraceParent,
    bus::{CommandReply, CommandRequest, Failure, ViewReply, ViewRequest},
};
use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use futures_util::StreamExt;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, timeout, timeout_at};

use crate::subject;

/// Asks the other services.
#[derive(Debug, Clone)]
pub struct Bus {
    client: Client,
}

/// Longer than the command service takes at worst: it waits for a lane and for the log.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);

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
        self.ask(subject, request, request.context.trace, COMMAND_PATIENCE, Failure::OutcomeUnknown).await
    }

    /// Asks a view. `view` is a name of the catalog.
    ///
    /// # Errors
    /// Why it does not answer.
    pub async fn view(&self, view: &str, request: &ViewRequest) -> ViewReply {
        let patience = VIEW_PATIENCE + Duration::from_millis(request.wait_ms);
        let silent = unavailable(format!("view `{view}` does not answer"));
        self.ask(subject::of_view(view), request, None, patience, silent).await
    }

    /// Whether an instance of a service answers on the bus.
    pub async fn present(&self, service: &str) -> bool {
        let inbox = self.client.new_inbox();
        let Ok(mut replies) = self.client.subscribe(inbox.clone()).await else { return false };
        let ping = format!("$SRV.PING.{service}");
        if self.client.publish_with_reply(ping, inbox, "".into()).await.is_err() {
            return false;
        }
        let deadline = Instant::now() + PRESENCE_PATIENCE;
        matches!(timeout_at(deadline, replies.next()).await, Ok(Some(reply)) if reply.status.is_none())
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        subject: String,
        question: &Q,
        trace: Option<TraceParent>,
        patience: Duration,
        silence: Failure,
    ) -> Result<A, Failure> {
        let payload = serde_json::to_vec(question).expect("a request is plain data");
        let mut request = Request::new().payload(payload.into()).timeout(Some(patience));
        if let Some(trace) = trace {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", trace.to_string().as_str());
            request = request.headers(headers);
        }
        let asked = self.client.send_request(subject.clone(), request);
        // The client's own limit begins only once a lost connection has been made again.
        let Ok(reply) = timeout(patience, asked).await else { return Err(silence) };
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

fn unavailable(detail: String) -> Failure {
    Failure::Unavailable { detail }
}
