//! Watches a source while it is worked on: whether it is still there, and gives what there is.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::{Content, LogError, Source, Standing, log::unavailable};

/// Looks at a source every two seconds.
pub struct Watch<'a, T: Content> {
    source: &'a Source<T>,
    every: Interval,
    before: Option<Standing>,
    silences: u32,
}

/// How often.
const EVERY: Duration = Duration::from_secs(2);

/// So often in a row nothing may come although there is something.
const SILENCES: u32 = 3;

impl<'a, T: Content> Watch<'a, T> {
    /// Begins to watch.
    #[must_use]
    pub fn new(source: &'a Source<T>) -> Self {
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { source, every, before: None, silences: 0 }
    }

    /// Waits for the time to look again, and says how it stands. `idle`: whether nothing is being
    /// worked on here, so that what there is should come.
    ///
    /// # Errors
    /// When the source is gone, or silent: ask for it again.
    pub async fn next(&mut self, idle: impl FnOnce() -> bool) -> Result<Standing, LogError> {
        self.every.tick().await;
        let now = self.source.standing().await?;
        let silent = self.before.is_some_and(|before| before.delivered == now.delivered);
        self.silences = if silent && now.has_more() && idle() { self.silences + 1 } else { 0 };
        if self.silences == SILENCES {
            return Err(unavailable(format!("the consumer is silent, and {} messages wait", now.waiting)));
        }
        self.before = Some(now);
        Ok(now)
    }
}
