//! Answering questions over the bus. Services show themselves through the NATS service API
//! (`nats micro ls`).
//!
//! The questions come by subscriptions of our own, in the queue group that the service API uses: its
//! endpoints forget, when they are stopped, what is on the way to them; a subscription can be drained.

use std::{future::Future, sync::Arc, time::Duration};

use annals_core::bus::Failure;
use async_nats::{Client, Message, Subscriber, service::ServiceExt};
use futures_util::{
    StreamExt,
    future::{join, join_all},
};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use super::{deadline, panics::caught};
use crate::{Nats, connection::REQUEST_TIMEOUT, subject};

/// A service on the bus, before it begins to answer.
pub struct Service {
    client: Client,
    presence: async_nats::service::Service,
    subscriptions: Vec<(Arc<str>, Subscriber)>,
}

/// The service cannot be offered.
#[derive(Debug, Error)]
#[error("cannot serve on the bus: {0}")]
pub struct ServeError(pub(super) String);

/// Questions that one instance works on at once. Beyond that it says so at once: no queue without end.
const MAX_CONCURRENT: usize = 2048;

/// Instances of a service share its questions under this name.
pub(super) const QUEUE_GROUP: &str = "q";

/// How long what has been begun may still take at the end.
pub(super) const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

impl Nats {
    /// Offers a service of this name.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn serve(&self, name: &str) -> Result<Service, ServeError> {
        let presence = self.presence(name).await?;
        Ok(Service { client: self.client.clone(), presence, subscriptions: Vec::new() })
    }

    pub(super) async fn presence(&self, name: &str) -> Result<async_nats::service::Service, ServeError> {
        let presence = self.client.service_builder().start(name, env!("CARGO_PKG_VERSION")).await;
        presence.map_err(|error| ServeError(error.to_string()))
    }
}

impl Service {
    /// Takes the questions about stored commands.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn stored_commands(self) -> Result<Self, ServeError> {
        self.subscribe("stored-commands", subject::STORED_COMMANDS.into()).await
    }

    /// Takes the questions to the events index.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn index(self) -> Result<Self, ServeError> {
        self.subscribe("events", subject::INDEX.into()).await
    }

    /// Takes the questions to a view.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn view(self, view: &str) -> Result<Self, ServeError> {
        self.subscribe(view, subject::of_view(view)).await
    }

    /// Takes the questions to a reactor.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn reactor(self, reactor: &str) -> Result<Self, ServeError> {
        self.subscribe(reactor, subject::of_reactor(reactor)).await
    }

    async fn subscribe(mut self, name: &str, subject: String) -> Result<Self, ServeError> {
        let subscriber = self.client.queue_subscribe(subject, QUEUE_GROUP.into()).await;
        self.subscriptions.push((name.into(), subscriber.map_err(|error| ServeError(error.to_string()))?));
        Ok(self)
    }

    /// Answers until `shutdown`, then finishes what is on its way and what has come in, for
    /// 5 s at most. `answer` is given the name of what is asked, and the question.
    pub async fn run<Q, A, F, Fut>(self, answer: F, shutdown: CancellationToken)
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Arc<str>, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send + 'static,
    {
        let work = Work {
            client: self.client,
            answer: Arc::new(answer),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT)),
            tasks: TaskTracker::new(),
        };
        let subscriptions = self.subscriptions.into_iter();
        let taken = join_all(subscriptions.map(|(name, subscriber)| work.take(name, subscriber, &shutdown)));
        join(taken, stay(self.presence, &shutdown)).await;
        work.tasks.close();
        if timeout(DRAIN_TIMEOUT, work.tasks.wait()).await.is_err() {
            warn!("{} questions were not answered", work.tasks.len());
        }
    }
}

struct Work<F> {
    client: Client,
    answer: Arc<F>,
    permits: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl<F> Work<F> {
    async fn take<Q, A, Fut>(&self, name: Arc<str>, mut subscriber: Subscriber, shutdown: &CancellationToken)
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Arc<str>, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send + 'static,
    {
        while let Some(Some(question)) = shutdown.run_until_cancelled(subscriber.next()).await {
            self.begin(&name, question);
        }
        // The server is told first, so that nothing is sent here any more; what it had sent still
        // comes. Without a server nothing does.
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        if let Ok(Ok(())) = timeout_at(deadline, subscriber.drain()).await {
            while let Ok(Some(question)) = timeout_at(deadline, subscriber.next()).await {
                self.begin(&name, question);
            }
        }
    }

    fn begin<Q, A, Fut>(&self, name: &Arc<str>, question: Message)
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Arc<str>, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send + 'static,
    {
        let Some(reply_to) = question.reply else { return debug!("a question that wants no answer") };
        if deadline::has_passed(question.headers.as_ref()) {
            return warn!("a question came too late, and nobody waits for its answer: {name}");
        }
        let permit = self.permits.clone().try_acquire_owned();
        let (client, answer, name) = (self.client.clone(), self.answer.clone(), name.clone());
        self.tasks.spawn(async move {
            let unavailable = |detail: String| Err(Failure::Unavailable { detail });
            let reply = match (&permit, serde_json::from_slice(&question.payload)) {
                // It is large, and a task is moved more than once before it runs.
                (Ok(_), Ok(question)) => caught(&name, Box::pin(answer(name.clone(), question))).await,
                (Err(_), _) => unavailable("too many requests at once".into()),
                (_, Err(error)) => unavailable(format!("not a request: {error}")),
            };
            let payload = serde_json::to_vec(&reply).expect("a reply is plain data");
            match timeout(REQUEST_TIMEOUT, client.publish(reply_to, payload.into())).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(%error, "an answer could not be sent"),
                Err(_) => warn!("an answer could not be sent: the connection is lost"),
            }
        });
    }
}

async fn stay(presence: async_nats::service::Service, shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    sign_off(presence).await;
}

/// A service that stops is not seen any more.
pub(super) async fn sign_off(presence: async_nats::service::Service) {
    if let Err(error) = presence.stop().await {
        warn!(%error, "the service did not sign off from the bus");
    }
}
