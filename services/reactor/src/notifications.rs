//! Delivers notifications to their channels: at least once, always with the same id.

use annals_core::{EventRecord, StoredCommit, bus::Failure, reaction_id};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use crate::{
    channels::{self, Message},
    dispatch::{Command, DispatchFailed, Dispatcher, Outcome},
};

/// After so many attempts a notification is abandoned.
const MAX_ATTEMPTS: u64 = 6;

/// Where a notification is to go, as its category shows it.
#[derive(Deserialize)]
struct Notification {
    channel: String,
    to: String,
    subject: String,
}

/// What earlier attempts have recorded.
enum Recorded {
    Sent,
    Failed { attempts: u64 },
}

impl Dispatcher {
    /// One attempt. What becomes of it is recorded on the notification's stream.
    pub(crate) async fn deliver(&self, stored: &StoredCommit, cause: &EventRecord, tries: u64) -> Outcome {
        let id = stored.commit.stream.id;
        let later = |reason: String| {
            warn!(category = "notification", %id, "not delivered, trying again: {reason}");
            self.later(tries)
        };
        let notification = match self.notification(stored) {
            Ok(Some(notification)) => notification,
            Ok(None) => return Outcome::Settled,
            Err(reason) => return later(reason),
        };
        let attempt = match self.recorded(stored, cause).await {
            Ok(Recorded::Sent) => return Outcome::Settled,
            Ok(Recorded::Failed { attempts: MAX_ATTEMPTS }) => {
                return self.abandon(stored, cause).await.unwrap_or_else(|DispatchFailed| self.later(tries));
            }
            Ok(Recorded::Failed { attempts }) => attempts + 1,
            Err(failure) => return later(format!("{failure:?}")),
        };
        let again = match self.markers.begin(id).await {
            Ok(again) => again,
            Err(error) => return later(error.to_string()),
        };
        let Notification { channel, to, subject } = &notification;
        let message = Message { id, correlation: stored.commit.context.correlation_id, to, subject, again };
        let sent = channels::send(channel, &message);
        // An attempt after one that is known to have failed is no repeat.
        let is_known = sent.is_err() && !again;
        let recorded = match sent {
            Ok(receipt) => Ok(self.sent(stored, cause, &receipt).await),
            Err(error) => self.failed(stored, cause, attempt, error).await,
        };
        if is_known || matches!(recorded, Ok(Outcome::Settled)) {
            self.markers.end(id).await;
        }
        recorded.unwrap_or_else(|DispatchFailed| self.later(tries))
    }

    /// It has left. That is recorded until it is known: another attempt would send it again.
    async fn sent(&self, stored: &StoredCommit, cause: &EventRecord, receipt: &str) -> Outcome {
        let data = json!({ "receipt": receipt });
        while let Err(DispatchFailed) = self.record(stored, cause, "sent", "record-sent", data.clone()).await
        {
            sleep(self.timing.retry(1)).await;
        }
        Outcome::Settled
    }

    async fn failed(
        &self,
        stored: &StoredCommit,
        cause: &EventRecord,
        attempt: u64,
        error: String,
    ) -> Result<Outcome, DispatchFailed> {
        let data = json!({ "error": error, "attempt": attempt });
        self.record(stored, cause, &failed(attempt), "record-failed", data).await?;
        if attempt >= MAX_ATTEMPTS {
            return self.abandon(stored, cause).await;
        }
        Ok(Outcome::Retry(self.timing.delivery(attempt)))
    }

    async fn abandon(&self, stored: &StoredCommit, cause: &EventRecord) -> Result<Outcome, DispatchFailed> {
        self.record(stored, cause, "abandoned", "abandon", json!({})).await?;
        Ok(Outcome::Settled)
    }

    async fn record(
        &self,
        stored: &StoredCommit,
        cause: &EventRecord,
        reaction: &str,
        command: &str,
        data: Value,
    ) -> Result<(), DispatchFailed> {
        let (id, stream) = (self.id(stored, cause, reaction), stored.commit.stream.clone());
        self.send(stored, cause, Command { id, stream, name: command.into(), data }).await
    }

    /// What earlier attempts have recorded, in this process or before it: the command service knows every command
    /// that stored something, and the ids of these can be derived.
    async fn recorded(&self, stored: &StoredCommit, cause: &EventRecord) -> Result<Recorded, Failure> {
        let is_stored = async |reaction: &str| {
            let found = self.bus.find_command(self.id(stored, cause, reaction), None).await?;
            Ok::<_, Failure>(found.is_some())
        };
        if is_stored("sent").await? {
            return Ok(Recorded::Sent);
        }
        let mut attempts = 0;
        while attempts < MAX_ATTEMPTS && is_stored(&failed(attempts + 1)).await? {
            attempts += 1;
        }
        Ok(Recorded::Failed { attempts })
    }

    fn id(&self, stored: &StoredCommit, cause: &EventRecord, reaction: &str) -> Uuid {
        reaction_id(self.reactor.name, stored.position, cause.id, reaction)
    }

    /// The notification that the commit asks for, if that is what it does.
    fn notification(&self, stored: &StoredCommit) -> Result<Option<Notification>, String> {
        let category = self.catalog.category_of(stored).map_err(|error| error.to_string())?;
        let state = category.fold(category.blank(), stored).map_err(|error| error.to_string())?;
        let shown = category.show(&state);
        if shown["status"] != "requested" {
            return Ok(None);
        }
        serde_json::from_value(shown).map(Some).map_err(|error| error.to_string())
    }
}

/// The name of the reaction that records that an attempt failed.
fn failed(attempt: u64) -> String {
    format!("failed-{attempt}")
}
