//! One pass over the log as the service begins, so that aggregates need not be loaded one by one.
//!
//! It runs beside the commands, which are served as ever: one that comes meanwhile loads its aggregate, and
//! the pass leaves alone whatever is worked on or is newer. What it folds is used only once it has come to
//! the log's end, and then like anything in the cache: the log checks what is appended, and the leader is
//! asked before anything is answered that appends nothing.

use annals_core::{Category, CommitError, Position, StoredCommit};
use annals_nats::{Log, LogError, Scope};
use tokio::time::Instant;
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

impl<L: Log> Executor<L> {
    /// Reads the log from its beginning to its end, if it is not too long, and folds whatever there is room
    /// for: of more aggregates than that, those that changed last.
    pub async fn warm_up(&self) {
        let begun = Instant::now();
        match self.pass().await {
            Ok(0) => info!("the log is too long to be read at the start: aggregates are loaded one by one"),
            Ok(reached) => {
                self.lanes.warmed();
                let (aggregates, seconds) = (self.lanes.fill().aggregates, begun.elapsed().as_secs_f64());
                info!(aggregates, position = reached, seconds, "warmed up");
            }
            Err(error) => warn!("not warmed up, aggregates are loaded one by one: {error}"),
        }
    }

    /// How far it has come; 0 if it has not begun.
    async fn pass(&self) -> Result<Position, LogError> {
        if self.log.last(&Scope::All).await? > LONGEST {
            return Ok(0);
        }
        let mut reached = 0;
        loop {
            let page = match self.log.read(&Scope::All, reached, PAGE).await {
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
