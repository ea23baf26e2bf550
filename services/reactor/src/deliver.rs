//! Hands notifications to their channels: at least once, always with the same id.

use std::time::Duration;

use annals_core::{EventRecord, StoredCommit, Unreadable, reaction_id};
use annals_nats::{Log, LogError};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;

use crate::{
    act::{Actor, Settlement},
    channel::{self, Message},
    give::{NotGiven, Order},
};

/// After so many attempts a notification is abandoned.
const ATTEMPTS: u64 = 6;

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
        let notification = match self.notification(stored).await {
            Ok(notification) => notification,
            Err(reason) => {
                warn!(id = %stored.commit.stream.id, "the notification cannot be read: {reason}");
                return Settlement::later(times);
            }
        };
        let Notification::Requested { channel, to, subject, attempts } = notification else {
            return Settlement::Settled;
        };
        let message = Message {
            id: stored.commit.stream.id,
            correlation: stored.commit.context.correlation_id,
            to: &to,
            subject: &subject,
            again: times > attempts + 1,
        };
        let attempt = attempts + 1;
        let recorded = match channel::send(&channel, &message) {
            Ok(receipt) => {
                self.record(stored, cause, "sent", "record-sent", json!({ "receipt": receipt })).await
            }
            Err(error) => self.failed(stored, cause, attempt, error).await,
        };
        recorded.unwrap_or_else(|NotGiven| Settlement::later(times))
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
        let exponent = u32::try_from(attempt - 1).unwrap_or(u32::MAX);
        Ok(Settlement::Retry(Duration::from_secs(4_u64.saturating_pow(exponent))))
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
        let commits = self.log.read_latest(&stored.commit.stream, 0).await;
        let commits = commits.map_err(|error: LogError| error.to_string())?;
        for stored in &commits {
            state = category.fold(state, stored).map_err(unreadable)?;
        }
        serde_json::from_value(category.show(&state)).map_err(|error| error.to_string())
    }
}
