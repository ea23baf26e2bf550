//! Ways by which a notification leaves the system.

use tracing::info;
use uuid::Uuid;

/// A notification on its way out.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    /// The notification. The same on every attempt.
    pub id: Uuid,
    /// Shared with the request that led to it.
    pub correlation: Uuid,
    pub to: &'a str,
    pub subject: &'a str,
    /// Whether an instance that has ended may have sent it before.
    pub again: bool,
}

/// Sends a message on a channel; the answer is a receipt, or why it could not be sent.
///
/// The one channel is `log`: the line is the mail.
pub(crate) fn send(channel: &str, message: &Message<'_>) -> Result<String, String> {
    match channel {
        "log" => {
            let Message { id, correlation, to, subject, again } = message;
            if *again {
                info!(category = "notification", %id, again, %correlation, "to {to}: {subject}");
            } else {
                info!(category = "notification", %id, %correlation, "to {to}: {subject}");
            }
            Ok(format!("log:{id}"))
        }
        unknown => Err(format!("there is no channel `{unknown}`")),
    }
}
