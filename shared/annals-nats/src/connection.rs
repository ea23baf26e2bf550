//! One connection to NATS, and what can be had from it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event, ServerAddr, connection::State, jetstream};
use thiserror::Error;
use tokio::sync::watch;
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{Bus, JetStreamLog, StreamError, log::stream};

/// A connection. It outlives the server: it is made again whenever it is lost.
#[derive(Debug, Clone)]
pub struct Nats {
    pub(crate) client: Client,
    pub(crate) jetstream: jetstream::Context,
    /// Whether this process made the bucket of leases.
    pub(crate) made_leases: Arc<AtomicBool>,
    /// How many copies the stream of events has.
    pub(crate) replicas: Arc<AtomicUsize>,
    /// How often the connection has been lost.
    pub(crate) lost: watch::Receiver<u64>,
}

/// The address cannot be understood. (A server that is not there yet is waited for.)
#[derive(Debug, Error)]
#[error("cannot connect to NATS at {url}: {reason}")]
pub struct ConnectError {
    url: String,
    reason: String,
}

/// How long one request to the server may take before it is asked again.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Messages of one subscription that may wait to be looked at: four pulls. More are dropped, and say so.
const WAITING: usize = 4096;

impl Nats {
    /// Connects as `name`, which is how the server's monitoring shows it. Does not wait for the
    /// server: what is asked before it is there times out. Several servers of one cluster have commas
    /// between them.
    ///
    /// # Errors
    /// When `url` is not an address.
    pub async fn connect(url: &str, name: &str) -> Result<Self, ConnectError> {
        let unknown = |reason: &dyn ToString| ConnectError { url: url.into(), reason: reason.to_string() };
        let servers: Result<Vec<ServerAddr>, _> =
            url.split(',').map(|server| server.trim().parse()).collect();
        let servers = servers.map_err(|error| unknown(&error))?;
        let (losses, lost) = watch::channel(0);
        let away = AtomicBool::new(false);
        let client = ConnectOptions::new()
            .name(name)
            .retry_on_initial_connect()
            .request_timeout(Some(REQUEST_TIMEOUT))
            .connection_timeout(REQUEST_TIMEOUT)
            .subscription_capacity(WAITING)
            .reconnect_delay_callback(|attempts| {
                Duration::from_millis(match attempts {
                    0 | 1 => 0,
                    _ => (50 << attempts.min(4)).min(500),
                })
            })
            .event_callback(move |event| {
                tell(&event, &away);
                if let Event::Disconnected = event {
                    losses.send_modify(|losses| *losses += 1);
                }
                async {}
            })
            .connect(servers)
            .await
            .map_err(|error| unknown(&error))?;
        let jetstream = jetstream::ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client.clone());
        let (made_leases, replicas) = (Arc::default(), Arc::new(AtomicUsize::new(1)));
        Ok(Self { client, jetstream, made_leases, replicas, lost })
    }

    /// Whether the server is there right now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Creates the stream of events if there is none, checks that it keeps what it is given, and gives its log's id.
    /// Waits for the server as long as it takes, and says so.
    ///
    /// # Errors
    /// When the stream has settings that would lose events.
    pub async fn prepare(&self) -> Result<Uuid, StreamError> {
        loop {
            match stream::prepare(&self.jetstream).await {
                Err(StreamError::Unavailable(_, reason)) => warn!("waiting for the log: {reason}"),
                verdict => {
                    let (id, replicas) = verdict?;
                    self.replicas.store(replicas, Ordering::Relaxed);
                    return Ok(id);
                }
            }
            tokio::time::sleep(REQUEST_TIMEOUT).await;
        }
    }

    /// The log of the id that [`prepare`](Self::prepare) gave.
    #[must_use]
    pub fn log(&self, id: Uuid) -> JetStreamLog {
        JetStreamLog::new(self.clone(), id)
    }

    /// The bus.
    #[must_use]
    pub fn bus(&self) -> Bus {
        Bus::new(self.client.clone())
    }

    /// Sends what is still buffered. Bounded, so that a dead server cannot hold up a shutdown.
    pub async fn flush(&self) {
        if tokio::time::timeout(REQUEST_TIMEOUT, self.client.flush()).await.is_err() {
            warn!("the server did not take the last messages in time");
        }
    }
}

/// A refused publish shows only here: to its caller it is a time-out.
fn tell(event: &Event, away: &AtomicBool) {
    match event {
        Event::Connected if away.swap(false, Ordering::Relaxed) => info!("connected again"),
        Event::Disconnected => {
            away.store(true, Ordering::Relaxed);
            warn!("connection lost, connecting again");
        }
        Event::SlowConsumer(subscription) => warn!(subscription, "messages were dropped: too slow"),
        Event::ServerError(error) => warn!(%error, "the server complains"),
        Event::ClientError(error) => warn!(%error, "the connection complains"),
        Event::Connected | Event::LameDuckMode | Event::Draining | Event::Closed => debug!("{event}"),
    }
}
