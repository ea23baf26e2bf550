//! The key of a lease: its value names the holder, its revision tells whether it was renewed.

use std::{sync::atomic::Ordering, time::Duration};

use annals_core::log::LogError;
use async_nats::jetstream::{kv::Store, stream::StorageType};
use tokio::time::{error::Elapsed, timeout};

use super::{Bucket, latest};
use crate::{Nats, leader::unavailable};

/// In memory: a write needs no sync, and a lease need not outlive the server.
const LEASES: Bucket = Bucket {
    name: "leases",
    description: "Annals: which instance writes, and which works on each reactor",
    storage: StorageType::Memory,
    max_age: Duration::ZERO,
    markers: false,
};

/// A key as one instance sees it.
#[derive(Debug, Clone)]
pub(super) struct Key {
    nats: Nats,
    pub name: String,
    pub instance: String,
    /// Opened when it is needed, and again after a fault: a restarted server has no bucket in memory.
    store: Option<Store>,
    /// Of one request to the server.
    request_timeout: Duration,
}

/// What stands under the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing ever, or since the server was restarted.
    Missing,
    /// The last holder gave it up.
    Released {
        revision: u64,
    },
    Held {
        by: String,
        revision: u64,
    },
}

impl Seen {
    /// A write has to expect it.
    pub fn revision(&self) -> u64 {
        match self {
            Self::Missing => 0,
            Self::Released { revision } | Self::Held { revision, .. } => *revision,
        }
    }
}

impl Key {
    pub fn new(nats: &Nats, name: &str, instance: &str, request_timeout: Duration) -> Self {
        let (nats, name, instance) = (nats.clone(), name.into(), instance.into());
        Self { nats, name, instance, store: None, request_timeout }
    }

    /// Whether a key that is missing has had no holder: this process has made the bucket, and has never lost the
    /// connection. Then a first start need not wait for a holder that never was. A bucket that is made after a loss may
    /// be that of a server that was restarted, and a holder from before may still rely on its lease.
    pub fn was_never_held(&self) -> bool {
        self.nats.made_leases.load(Ordering::Relaxed) && *self.nats.lost.borrow() == 0
    }

    pub async fn look(&mut self) -> Result<Seen, LogError> {
        let (request_timeout, name) = (self.request_timeout, self.name.clone());
        let found = timeout(request_timeout, async { latest(self.store().await?, &name).await }).await;
        let found = self.answered(found)?;
        Ok(found.map_or(Seen::Missing, |message| {
            let revision = message.sequence;
            match String::from_utf8_lossy(&message.payload).into_owned() {
                by if by.is_empty() => Seen::Released { revision },
                by => Seen::Held { by, revision },
            }
        }))
    }

    /// Makes this instance the holder, if the key stands at this revision. An error may leave open whether it does.
    pub async fn write(&mut self, expected: u64) -> Result<u64, LogError> {
        let (request_timeout, name, value) = (self.request_timeout, self.name.clone(), self.instance.clone());
        let written = async {
            let written = self.store().await?.update(name, value.into(), expected).await;
            written.map_err(unavailable)
        };
        let written = timeout(request_timeout, written).await;
        self.answered(written)
    }

    pub async fn release(&mut self, expected: u64) -> Result<(), LogError> {
        let (request_timeout, name) = (self.request_timeout, self.name.clone());
        let released = async {
            let released = self.store().await?.delete_expect_revision(name, Some(expected)).await;
            released.map_err(unavailable)
        };
        let released = timeout(request_timeout, released).await;
        self.answered(released)
    }

    async fn store(&mut self) -> Result<&Store, LogError> {
        let store = match self.store.take() {
            Some(store) => store,
            None => LEASES.open(&self.nats).await?,
        };
        Ok(self.store.insert(store))
    }

    /// After a fault the bucket is opened anew.
    fn answered<T>(&mut self, answer: Result<Result<T, LogError>, Elapsed>) -> Result<T, LogError> {
        let answer = answer.unwrap_or_else(|_| Err(unavailable("the server does not answer")));
        if answer.is_err() {
            self.store = None;
        }
        answer
    }
}
