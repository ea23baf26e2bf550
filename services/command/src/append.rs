//! Storing an entry, whatever becomes of its acknowledgement; proving that nothing lies behind a position.

use std::time::Duration;

use annals_core::{
    Position,
    log::{AppendError, Draft, Log},
};
use tokio::time::{Instant, sleep};
use tracing::warn;

/// What became of an entry, or of a proof.
#[derive(Debug)]
pub(crate) enum Landed {
    /// It is on disk, right after what was expected.
    Stored(Position),
    /// The log ends where it was expected to end.
    Proved,
    /// Another writer was first.
    Conflict,
    /// The log does not say. `sent`: whether the entry may be there all the same.
    Failed { sent: bool, reason: String },
}

/// How long an entry is tried and its outcome looked for.
const DEADLINE: Duration = Duration::from_secs(8);

/// Between two tries while the log is silent.
const PAUSE: Duration = Duration::from_millis(50);

/// Stores an entry after the message at `expected`, once. An error of the log decides nothing: the same entry is
/// sent again, under the same expectation, until the message right after the expected one tells whose it is.
pub(crate) async fn append<L: Log>(log: L, draft: Draft, expected: Position) -> Landed {
    let deadline = Instant::now() + DEADLINE;
    let mut sent = false;
    loop {
        let reason = match log.append(&draft, expected).await {
            Ok(position) => return Landed::Stored(position),
            Err(AppendError::Conflict) => "the log has moved on, and does not say to what".to_owned(),
            Err(AppendError::Unknown(reason)) => {
                sent = true;
                reason
            }
            Err(AppendError::Rejected(reason)) => reason,
        };
        match next_of_chain(&log, &draft, expected).await {
            Some(landed) => return landed,
            None if Instant::now() >= deadline => return Landed::Failed { sent, reason },
            None => sleep(PAUSE).await,
        }
    }
}

/// What stands right after the expected message, if the log says.
async fn next_of_chain<L: Log>(log: &L, draft: &Draft, expected: Position) -> Option<Landed> {
    let next = log.next_of_chain(expected).await;
    let next = next.inspect_err(|error| warn!("the log cannot be asked for an entry: {error}")).ok()??;
    Some(if next.is(draft) { Landed::Stored(next.position) } else { Landed::Conflict })
}

/// Proves that the log ends at a position, so that what was decided on its state may be answered.
pub(crate) async fn prove<L: Log>(log: L, position: Position) -> Landed {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match log.end().await {
            Ok(end) if end == position => return Landed::Proved,
            Ok(_) => return Landed::Conflict,
            Err(error) if Instant::now() >= deadline => {
                return Landed::Failed { sent: false, reason: error.to_string() };
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}
