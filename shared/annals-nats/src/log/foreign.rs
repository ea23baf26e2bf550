//! Messages that do not belong to the log: each is reported once per process.

use std::collections::HashSet;

use annals_core::{Position, log::Foreign};
use tracing::warn;

/// The foreign messages that were reported.
#[derive(Debug, Default)]
pub(super) struct Reported(HashSet<Position>);

/// Foreign messages that are remembered as reported.
const MAX_REPORTED: usize = 100_000;

/// A line and a count for a message that does not belong to the log.
pub fn report_foreign(foreign: &Foreign) {
    let Foreign { position, subject, bytes, why } = foreign;
    warn!(position, bytes, "a foreign message on {subject:?} is skipped: {why}");
    metrics::counter!("annals_foreign_messages_total").increment(1);
}

impl Reported {
    /// Once per process.
    pub(super) fn report(&mut self, foreign: &Foreign) {
        if self.0.len() >= MAX_REPORTED {
            self.0.clear();
        }
        if self.0.insert(foreign.position) {
            report_foreign(foreign);
        }
    }
}
