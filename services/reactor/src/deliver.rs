//! Hands notifications to their channels: at least once, always with the same id.

use std::time::Duration;

use annals_core::{EventRecord, StoredCommit, Unreadable, reaction_id};
use annals_nats::{Log, LogError};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::{
    act::{Actor, Settlement},
    channel::{self, Message},
    give::{NotGiven, Order},
};

/// After so many attempts a notification is abandoned.
const ATTEMPTS: u64 = 6;

/// How long reading a notification may take: its stream has a handful of commits.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the notification's own stream says of it.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
enum Notification {
    Requested { channel: String, to: String, subject: String, attempts: u64 },
    Sent {},
    Abandoned {},
}

impl Actor {
    /// One attempt. What it comes to is recorded on the notification's stream.
    pub(crate) async fn deliver(&self, stored: &StoredCommit, cause: &EventRecord, times: u64) -> Settlement {
        let id = stored.commit.stream.id;
        let later = |reason: String| {
            warn!(category = "notification", %id, "not delivered, trying again: {reason}");
            self.later(times)
        };
        let notification = match self.notification(stored).await {
            Ok(notification) => notification,
            Err(reason) => return later(reason),
        };
        let Notification::Requested { channel, to, subject, attempts } = notification else {
            return Settlement::Settled;
        };
        let again = match self.attempts.begin(id).await {
            Ok(again) => again,
            Err(error) => return later(error.to_string()),
        };
        let correlation = stored.commit.context.correlation_id;
        let message = Message { id, correlation, to: &to, subject: &subject, again };
        let outcome = channel::send(&channel, &message);
        // Another attempt is no repeat of one that is known to have failed.
        let known = outcome.is_err() && !again;
        let recorded = match outcome {
            Ok(receipt) => Ok(self.sent(stored, cause, &receipt).await),
            Err(error) => self.failed(stored, cause, attempts + 1, error).await,
        };
        if known || matches!(recorded, Ok(Settlement::Settled)) {
            self.attempts.end(id).await;
        }
        recorded.unwrap_or_else(|NotGiven| self.later(times))
    }

    /// It has left. That is recorded until it is known: to come again would be to send it again.
    async fn sent(&self, stored: &StoredCommit, cause: &EventRecord, receipt: &str) -> Settlement {
        loop {
            let data = json!({ "receipt": receipt });
            match self.record(stored, cause, "sent", "record-sent", data).await {
                Ok(settlement) => return settlement,
                Err(NotGiven) => sleep(self.pauses.retry(1)).await,
            }
        }
    }

    async fn failed(
        &self,
        stored: &StoredCommit,
        cause: &EventRecord,
        attempt: u64,
        error: String,
    ) -> Result<Settlement, NotGiven> {
        let data = json!({ "error": error, "attempt": attempt });
        self.record(stored, cause, &format!("failed-{attempt}"), "record-failed", data).await?;
        if attempt >= ATTEMPTS {
            return self.record(stored, cause, "abandoned", "abandon", json!({})).await;
        }
        Ok(Settlement::Retry(self.pauses.delivery(attempt)))
    }

    async fn record(
        &self,
        stored: &StoredCommit,
        cause: &EventRecord,
        name: &str,
        command: &str,
        data: Value,
    ) -> Result<Settlement, NotGiven> {
        let id = reaction_id(self.reactor.name, cause.id, name);
        let order = Order { id, stream: stored.commit.stream.clone(), command: command.into(), data };
        self.give(stored, cause, order).await
    }

    /// The notification as it stands now: an earlier delivery may have settled it.
    async fn notification(&self, stored: &StoredCommit) -> Result<Notification, String> {
        let unreadable = |error: Unreadable| error.to_string();
        let category = self.catalog.category_of(stored).map_err(unreadable)?;
        let mut state = category.blank();
        let commits = timeout(PATIENCE, self.log.read_latest(&stored.commit.stream, 0)).await;
        let commits = commits.map_err(|_| "its stream cannot be read in time")?;
        let commits = commits.map_err(|error: LogError| error.to_string())?;
        for stored in &commits {
            state = category.fold(state, stored).map_err(unreadable)?;
        }
        serde_json::from_value(category.show(&state)).map_err(|error| error.to_string())
    }
}
