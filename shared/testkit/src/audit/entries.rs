//! The entries of a log, whatever happened in them: nothing is missing, nothing is there twice.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use uuid::Uuid;

use super::{
    Violations,
    chain::{Chain, Membership},
    event::{Event, Stream, parse},
    reader::{Reader, Stored},
};

/// The entries of a log.
#[derive(Debug)]
pub struct Entries {
    chain: Chain,
    /// The last position that was looked at.
    position: u64,
    /// Whether no reader goes beyond it.
    stopped: bool,
    count: u64,
    commits: u64,
    /// How many commits are in the largest one.
    largest: u64,
    /// The version of every stream.
    versions: HashMap<Stream, u64>,
    commands: HashSet<Uuid>,
    /// When the last commit was recorded.
    time: String,
}

impl Entries {
    pub(crate) fn new(log_id: Uuid) -> Self {
        Self {
            chain: Chain::new(log_id),
            position: 0,
            stopped: false,
            count: 0,
            commits: 0,
            largest: 0,
            versions: HashMap::new(),
            commands: HashSet::new(),
            time: String::new(),
        }
    }

    /// Reads the whole log of a nats-server.
    ///
    /// # Errors
    /// When something is not as it should be.
    pub async fn read(nats_url: &str) -> Result<Self, String> {
        let mut reader = Reader::open(nats_url).await;
        let end = reader.end().await;
        let (mut entries, mut violations) = (Self::new(reader.log_id()), Violations::default());
        while entries.position < end {
            entries.take(&reader.next().await, &mut violations);
        }
        violations.verdict().map(|()| entries)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many commits the largest one has.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// The position of the last one, or of what is not one.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Whether a command has done anything.
    pub(crate) fn contain(&self, command: Uuid) -> bool {
        self.commands.contains(&command)
    }

    /// The next message of the log; what happened in it.
    pub(crate) fn take(&mut self, stored: &Stored, violations: &mut Violations) -> Vec<Event> {
        let position = stored.position;
        self.position = position;
        if self.stopped {
            return vec![];
        }
        let membership = self.chain.take(stored);
        match membership {
            Membership::Entry(_) => {}
            Membership::Foreign(why) => {
                violations.add(format!("at {position} on {}: foreign, {why}", stored.subject));
                return vec![];
            }
            Membership::Redelivered | Membership::Newer(_) | Membership::Fork(_) | Membership::Gap(..) => {
                violations.add(format!("at {position} every reader stops: {membership:?}"));
                self.stopped = true;
                return vec![];
            }
        }
        self.count += 1;
        let events = parse(&stored.body).unwrap_or_else(|reason| {
            violations.add(format!("at {position}: {reason}"));
            vec![]
        });
        self.link(position, &events, violations);
        events
    }

    /// Whether every event continues its stream, and those of a command are together.
    fn link(&mut self, position: u64, events: &[Event], violations: &mut Violations) {
        let mut commits = 0;
        for of_command in events.chunk_by(|one, other| one.commandid == other.commandid) {
            let first = &of_command[0];
            let at = || format!("{} at {position}", first.stream);
            violations.unless(self.commands.insert(first.commandid), || {
                format!("{}: command {} is there twice", at(), first.commandid)
            });
            violations.unless(first.time >= self.time, || format!("{}: time goes back", at()));
            self.time.clone_from(&first.time);
            let shared = |event: &Event| (event.time.clone(), event.correlation_id());
            violations.unless(of_command.iter().all(|event| shared(event) == shared(first)), || {
                format!("{}: a command of several times or correlations", at())
            });
            for (before, event) in (0..).zip(of_command) {
                violations.unless(event.id == event.derived_id(before), || {
                    format!("{}: the id of {event:?} is not derived", at())
                });
                let version = self.versions.entry(event.stream.clone()).or_default();
                violations.unless(event.version == *version + 1, || {
                    format!("{} at {position}: versions with gaps", event.stream)
                });
                *version = event.version;
            }
            let of_streams: Vec<_> = of_command.chunk_by(|one, other| one.stream == other.stream).collect();
            let streams: HashSet<_> = of_streams.iter().map(|commit| &commit[0].stream).collect();
            violations.unless(streams.len() == of_streams.len(), || format!("{}: a split commit", at()));
            commits += of_streams.len() as u64;
        }
        self.commits += commits;
        self.largest = self.largest.max(commits);
    }
}

impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commits, count, largest, versions, .. } = self;
        write!(f, "{commits} commits in {} streams, {count} entries of up to {largest}", versions.len())
    }
}
