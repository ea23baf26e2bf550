//! What clients know: which command was answered how.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::{Duration, Instant},
};

use uuid::Uuid;

/// A command that was acknowledged, and where its events are said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The command.
    pub command_id: Uuid,
    /// The aggregate that it was given to.
    pub id: Uuid,
    /// The version that it led to.
    pub version: u64,
    /// Its place in the log.
    pub position: u64,
}

/// The final answers to all commands, each under the correlation id that its client chose.
#[derive(Debug, Default)]
pub struct Ledger {
    answers: HashMap<Uuid, Option<Acknowledged>>,
    acknowledged: usize,
    opened: Vec<(Instant, Uuid)>,
    latest: HashMap<Uuid, u64>,
    tally: BTreeMap<String, u64>,
    slowest: Duration,
    faults: Vec<String>,
}

impl Ledger {
    /// The answer to a command: `Some(None)` if it was turned down for good.
    #[must_use]
    pub fn answer(&self, correlation_id: Uuid) -> Option<Option<Acknowledged>> {
        self.answers.get(&correlation_id).copied()
    }

    /// Everything that was acknowledged.
    pub fn all_acknowledged(&self) -> impl Iterator<Item = &Acknowledged> {
        self.answers.values().flatten()
    }

    /// How often something happened: the statuses of answers, `no answer`, `repeat`.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.tally.get(what).copied().unwrap_or_default()
    }

    /// How many commands were finally answered, those that were repeated on purpose among them.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answers.len() as u64 + self.count("repeat")
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged
    }

    pub(super) fn opened_within(&self, before: Duration) -> Vec<Uuid> {
        let recent = self.opened.iter().rev().take_while(|(at, _)| at.elapsed() <= before);
        recent.map(|(_, account)| *account).collect()
    }

    /// The version that an aggregate was last seen at.
    pub(super) fn latest(&self, id: Uuid) -> Option<u64> {
        self.latest.get(&id).copied()
    }

    /// Notes that a command was carried out.
    pub fn acknowledge(&mut self, correlation_id: Uuid, acknowledged: Acknowledged) {
        if acknowledged.version == 1 {
            self.opened.push((Instant::now(), acknowledged.id));
        }
        self.latest.insert(acknowledged.id, acknowledged.version);
        self.answers.insert(correlation_id, Some(acknowledged));
        self.acknowledged += 1;
    }

    /// Notes that a command was turned down for good.
    pub fn turn_down(&mut self, correlation_id: Uuid) {
        self.answers.insert(correlation_id, None);
    }

    pub(super) fn note(&mut self, what: &str) {
        match self.tally.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.tally.insert(what.to_owned(), 1)),
        }
    }

    /// How long it took until a command was finally answered.
    pub(super) fn took(&mut self, took: Duration) {
        self.slowest = self.slowest.max(took);
    }

    pub(super) fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    #[track_caller]
    pub(super) fn assert_faultless(&self) {
        if !self.faults.is_empty() {
            self.panic_with_faults();
        }
    }

    #[track_caller]
    pub(super) fn panic_with_faults(&self) -> ! {
        let shown: Vec<_> = self.faults.iter().take(10).map(String::as_str).collect();
        panic!("{} answers that should not have been given:\n{}", self.faults.len(), shown.join("\n"));
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let turned_down = self.answers.len() - self.acknowledged;
        let seconds = self.opened.first().map_or(0, |(begun, _)| begun.elapsed().as_secs());
        write!(f, "{} acknowledged, {turned_down} turned down in {seconds} s, ", self.acknowledged)?;
        write!(f, "the slowest after {:?}, answers:", self.slowest)?;
        self.tally.iter().try_for_each(|(what, count)| write!(f, " {what}: {count}"))
    }
}
