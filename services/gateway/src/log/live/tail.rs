//! What is new in the log, read once for all who follow it. Whoever is not that far yet, or was too slow
//! to see a stretch, reads the log by itself: so nobody can miss anything.

use std::{sync::Arc, time::Duration};

use annals_core::{Position, StoredCommit};
use annals_nats::{Page, Scope};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::problem::Problem;

/// How often the log is asked for more while somebody follows it, however many there are. What came
/// meanwhile comes together.
const PACE: Duration = Duration::from_millis(25);

/// How many commits are read at once, at most. What a client does not read soon is thrown away and read
/// again, so that it takes no memory: not too many.
pub const PAGE: usize = 100;

/// Where the log is read, page by page.
pub trait Pages: Send + Sync + 'static {
    /// Commits after a position, at most so many.
    fn page(
        &self,
        scope: &Scope,
        after: Position,
        most: usize,
    ) -> impl Future<Output = Result<Page, Problem>> + Send;

    /// Where it ends.
    fn end(&self) -> impl Future<Output = Result<Position, Problem>> + Send;
}

/// All commits of the log between two positions.
#[derive(Debug, Default)]
pub struct Stretch {
    /// Those after it,
    pub after: Position,
    /// and up to here.
    pub reached: Position,
    /// The oldest first.
    pub commits: Vec<StoredCommit>,
    /// Whether there was more when it was read.
    pub more: bool,
}

impl Stretch {
    fn begin(end: Position) -> Self {
        Self { after: end, reached: end, ..Self::default() }
    }

    /// A page that was asked for after a position.
    pub fn after(after: Position, page: Page) -> Self {
        Self { after, reached: page.reached.max(after), commits: page.commits, more: page.more }
    }
}

/// Shows the latest stretch of the log to all who follow, for ever. While nobody does, nothing is read.
pub async fn keep(log: impl Pages, newest: watch::Sender<Arc<Stretch>>) {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut reached, mut more) = (None, false);
    loop {
        if !more {
            ticks.tick().await;
        }
        if newest.receiver_count() == 0 {
            (reached, more) = (None, false);
            continue;
        }
        // Where the log could not be read, or was not, it goes on from the end: what is left out between
        // two stretches is for each follower to read.
        let next = match reached {
            Some(after) => log.page(&Scope::All, after, PAGE).await.map(|page| Stretch::after(after, page)),
            None => log.end().await.map(Stretch::begin),
        };
        reached = next.as_ref().ok().map(|stretch| stretch.reached);
        more = next.as_ref().is_ok_and(|stretch| stretch.more);
        if let Ok(next) = next
            && next.reached != newest.borrow().reached
        {
            newest.send_replace(Arc::new(next));
        }
    }
}
