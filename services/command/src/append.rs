//! Storing an entry, whatever becomes of its acknowledgement; proving that nothing lies behind a position.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use annals_core::{
    Position,
    log::{AppendError, Checkpoint, Draft, Head, Log},
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

/// What an operator has to decide on.
const NOT_THE_SAME: &str = "it is not the log that it was";

/// Between two tries while the log is silent.
const PAUSE: Duration = Duration::from_millis(50);

/// When the log was last seen to hold the writer's head: after how many losses of the connection. A sequence can be
/// used again after a loss, so what the log acknowledges is not proof that it is still the same.
#[derive(Debug, Clone)]
pub(crate) struct Verified(Arc<AtomicU64>);

impl Default for Verified {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Verified {
    /// To be seen again before anything is written.
    pub(crate) fn reset(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    /// Compares the head with the log's entry, if the log has been out of sight since that was last done.
    async fn check<L: Log>(&self, log: &L, head: Head) -> Result<(), String> {
        let losses = log.losses();
        if self.0.load(Ordering::Relaxed) == losses {
            return Ok(());
        }
        if head.position > 0 {
            let found = log.read(head.position - 1, 1).await.map_err(|error| error.to_string())?;
            if !found.iter().any(|it| it.is_at(head)) {
                let position = head.position;
                return Err(format!("position {position} does not hold what was read there: {NOT_THE_SAME}"));
            }
        }
        self.0.store(losses, Ordering::Relaxed);
        Ok(())
    }
}

/// Stores an entry after the message at `expected`, once. An error of the log decides nothing: the same entry is
/// sent again, under the same expectation, until the message right after the expected one tells whose it is.
pub(crate) async fn append<L: Log>(log: L, draft: Draft, expected: Position, verified: Verified) -> Landed {
    let deadline = Instant::now() + DEADLINE;
    let mut sent = false;
    loop {
        let reason = match verified.check(&log, draft.previous).await {
            Ok(()) => match log.append(&draft, expected).await {
                Ok(position) => return Landed::Stored(position),
                Err(error) => {
                    sent |= matches!(error, AppendError::Unknown(_));
                    error.to_string()
                }
            },
            Err(reason) => reason,
        };
        if let Some(landed) = next_of_chain(&log, &draft, expected).await
            && (matches!(landed, Landed::Stored(_)) || verified.check(&log, draft.previous).await.is_ok())
        {
            return landed;
        }
        if Instant::now() >= deadline {
            let reason = shorter(&log, expected).await.unwrap_or(reason);
            return Landed::Failed { sent, reason };
        }
        sleep(PAUSE).await;
    }
}

/// What stands right after the expected message, if the log says.
async fn next_of_chain<L: Log>(log: &L, draft: &Draft, expected: Position) -> Option<Landed> {
    let next = log.next_of_chain(expected).await;
    let next = next.inspect_err(|error| warn!("the log cannot be asked for an entry: {error}")).ok()??;
    Some(if next.is(draft) { Landed::Stored(next.position) } else { Landed::Conflict })
}

/// Proves that the log ends at a position, so that what was decided on its state may be answered.
pub(crate) async fn prove<L: Log>(log: L, checkpoint: Checkpoint, verified: Verified) -> Landed {
    let Checkpoint { position, head } = checkpoint;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let reason = match verified.check(&log, head).await {
            Ok(()) => match log.end().await {
                Ok(end) if end == position => return Landed::Proved,
                Ok(end) if end > position => return Landed::Conflict,
                Ok(_) => "the log ends too early".to_owned(),
                Err(error) => error.to_string(),
            },
            Err(reason) => reason,
        };
        if Instant::now() >= deadline {
            let reason = shorter(&log, position).await.unwrap_or(reason);
            return Landed::Failed { sent: false, reason };
        }
        sleep(PAUSE).await;
    }
}

/// A leader that was elected just now may not be asked too early; a log that stays so is not what it was.
async fn shorter<L: Log>(log: &L, read: Position) -> Option<String> {
    let end = log.end().await.ok().filter(|end| *end < read)?;
    Some(format!("the log ends at position {end}, and has been read up to {read}: {NOT_THE_SAME}"))
}
