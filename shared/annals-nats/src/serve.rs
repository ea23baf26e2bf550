//! Answering questions over the bus, through the NATS service API (`nats micro ls` shows it).

use std::{future::Future, sync::Arc};

use annals_core::bus::Failure;
use async_nats::service::{Request, ServiceExt, endpoint::Endpoint};
use futures_util::{StreamExt, future::join_all};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

use crate::{Nats, subject};

/// A service on the bus, before it begins to answer.
pub struct Service {
    service: async_nats::service::Service,
    endpoints: Vec<(Arc<str>, Endpoint)>,
}

/// The service cannot be offered.
#[derive(Debug, Error)]
#[error("cannot serve on the bus: {0}")]
pub struct ServeError(String);

/// Questions that one instance works on at once. Beyond that it says so at once: no queue without end.
const AT_ONCE: usize = 1024;

impl Nats {
    /// Offers a service of this name.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn serve(&self, name: &str) -> Result<Service, ServeError> {
        let builder = self.client.service_builder();
        let service = builder.start(name, env!("CARGO_PKG_VERSION")).await;
        let service = service.map_err(|error| ServeError(error.to_string()))?;
        Ok(Service { service, endpoints: Vec::new() })
    }
}

impl Service {
    /// Takes the commands for all categories.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn commands(self) -> Result<Self, ServeError> {
        self.endpoint("commands", "commands.*.*".into()).await
    }

    /// Takes the questions to a view.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn view(self, view: &str) -> Result<Self, ServeError> {
        self.endpoint(view, subject::of_view(view)).await
    }

    async fn endpoint(mut self, name: &str, subject: String) -> Result<Self, ServeError> {
        let endpoint = self.service.endpoint_builder().name(name).add(subject).await;
        let endpoint = endpoint.map_err(|error| ServeError(error.to_string()))?;
        self.endpoints.push((name.into(), endpoint));
        Ok(self)
    }

    /// Answers until `shutdown`, then finishes what has come in. `answer` is given the name of the
    /// endpoint and the question.
    pub async fn run<Q, A, F, Fut>(self, answer: F, shutdown: CancellationToken)
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Arc<str>, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send + 'static,
    {
        let work = Work {
            answer: Arc::new(answer),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            tasks: TaskTracker::new(),
        };
        join_all(self.endpoints.into_iter().map(|(name, endpoint)| work.take(name, endpoint, &shutdown)))
            .await;
        work.tasks.close();
        work.tasks.wait().await;
        sign_off(self.service).await;
    }

    /// Answers nothing, but can be seen on the bus until `shutdown`.
    pub async fn stay(self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
        sign_off(self.service).await;
    }
}

struct Work<F> {
    answer: Arc<F>,
    permits: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl<F> Work<F> {
    async fn take<Q, A, Fut>(&self, name: Arc<str>, mut endpoint: Endpoint, shutdown: &CancellationToken)
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Arc<str>, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send + 'static,
    {
        while let Some(Some(request)) = shutdown.run_until_cancelled(endpoint.next()).await {
            self.begin(&name, request);
        }
        if endpoint.stop().await.is_ok() {
            while let Some(request) = endpoint.next().await {
                self.begin(&name, request);
            }
        }
    }

    fn begin<Q, A, Fut>(&self, name: &Arc<str>, request: Request)
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Arc<str>, Q) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, Failure>> + Send + 'static,
    {
        let (permit, answer, name) =
            (self.permits.clone().try_acquire_owned(), self.answer.clone(), name.clone());
        self.tasks.spawn(async move {
            let unavailable = |detail: String| Err(Failure::Unavailable { detail });
            let reply = match (&permit, serde_json::from_slice(&request.message.payload)) {
                (Ok(_), Ok(question)) => answer(name, question).await,
                (Err(_), _) => unavailable("too many requests at once".into()),
                (_, Err(error)) => unavailable(format!("not a request: {error}")),
            };
            let payload = serde_json::to_vec(&reply).expect("a reply is plain data");
            respond(&request, payload).await;
        });
    }
}

async fn sign_off(service: async_nats::service::Service) {
    if let Err(error) = service.stop().await {
        warn!(%error, "the service did not sign off from the bus");
    }
}

async fn respond(request: &Request, payload: Vec<u8>) {
    if let Err(error) = request.respond(Ok(payload.into())).await {
        warn!(%error, "an answer could not be sent");
    }
}
