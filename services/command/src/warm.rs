//! One pass over the log as the service begins, so that aggregates need not be loaded one by one.
//!
//! It runs beside the commands, which are served as ever: one that comes meanwhile loads its aggregate, and
//! the pass leaves alone whatever is worked on or is newer. What it folds is used only once it has come to
//! the log's end, and then like anything in the cache: the log checks what is appended, and the leader is
//! asked before anything is answered that appends nothing.

use std::time::Duration;

use annals_chassis::pause::doubled;
use annals_core::{Category, CommitError, Position, StoredCommit};
use annals_nats::{Log, LogError, Scope, caught};
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::{
    aggregate::{Aggregate, first},
    cache::Key,
    execute::Executor,
    lanes::Lanes,
};

/// A longer log is not read. To read and fold a commit costs the server and us some 0.05 ms, a load of one
/// aggregate 0.1 to 0.4 ms: this is ten seconds or so beside the commands, and pays if one aggregate in
/// five is asked for. Who needs longer has loaded what is asked for by then.
const LONGEST: Position = 250_000;

/// Commits that one read asks for.
const PAGE: usize = 1000;

/// So often the log is asked for the same; with the pauses in between, for a minute at least.
const TRIES: u64 = 10;

/// Between two of these tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl<L: Log> Executor<L> {
    /// Reads the log from its beginning to its end, if it is not too long, and folds whatever there is room
    /// for: of more aggregates than that, those that changed last.
    pub async fn warm_up(&self) {
        let begun = Instant::now();
        // A defect of one category's rules ends the pass and not the service.
        let passed = caught("the pass over the log", async { Ok(self.pass().await) }).await;
        match passed.unwrap_or_else(|_| Err(LogError::Unavailable("its reader has a defect".into()))) {
            Ok(0) => info!("the log is too long to be read at the start: aggregates are loaded one by one"),
            Ok(reached) => {
                self.lanes.warmed();
                let (aggregates, seconds) = (self.lanes.fill().aggregates, begun.elapsed().as_secs_f64());
                info!(aggregates, position = reached, seconds, "warmed up");
            }
            Err(error) => {
                self.lanes.not_warmed();
                warn!("not warmed up, aggregates are loaded one by one: {error}");
            }
        }
    }

    /// How far it has come; 0 if it has not begun.
    async fn pass(&self) -> Result<Position, LogError> {
        if again(|| self.log.last(&Scope::All)).await? > LONGEST {
            return Ok(0);
        }
        let mut reached = 0;
        loop {
            let page = match again(|| self.log.read(&Scope::All, reached, PAGE)).await {
                // What is no commit is in the way of its own stream only.
                Err(LogError::Commit(CommitError::Malformed { position, .. })) if position > reached => {
                    reached = position;
                    continue;
                }
                page => page?,
            };
            for stored in &page.commits {
                if let Some(category) = self.catalog.category(&stored.commit.stream.category) {
                    note(&self.lanes, category, stored);
                }
            }
            reached = page.reached;
            if !page.more {
                return Ok(reached.max(1));
            }
        }
    }
}

/// Asks the log again if it does not answer: a pause of the log is no reason to begin cold.
async fn again<A, F: Future<Output = Result<A, LogError>>>(ask: impl Fn() -> F) -> Result<A, LogError> {
    for tried in 1..TRIES {
        match ask().await {
            Err(LogError::Unavailable(_) | LogError::OutcomeUnknown(_)) => {
                sleep(doubled(Duration::from_secs(1), tried, LONGEST_PAUSE)).await;
            }
            answer => return answer,
        }
    }
    ask().await
}

/// Folds a commit if it is the next one of an aggregate at rest, or an aggregate's first one.
fn note(lanes: &Lanes, category: &Category, stored: &StoredCommit) {
    let key = Key::new(category.name, stored.commit.stream.id);
    let Some(mut turn) = lanes.enter_empty(key) else { return };
    let aggregate = match turn.aggregate.take() {
        None if first(&stored.commit) == 1 => {
            let mut aggregate = Aggregate::blank(category);
            aggregate.tentative = true;
            aggregate
        }
        // It had to make room.
        None => return,
        Some(aggregate) if aggregate.precedes(stored) => aggregate,
        Some(aggregate) => {
            turn.aggregate.replace(aggregate);
            return;
        }
    };
    *turn.aggregate = aggregate.fold(category, stored).ok();
}
