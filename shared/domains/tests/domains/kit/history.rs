//! A log in memory: commands go in, commits come out.

use std::slice;

use annals_core::{
    Catalog, Commit, Context, Decided, Fingerprint, Refused, Rejection, State, StoredCommit, StreamId,
    log::{Entry, EntryBody, Hash},
    micros,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

pub struct History {
    pub catalog: Catalog,
    pub commits: Vec<StoredCommit>,
}

impl History {
    pub fn new() -> Self {
        Self { catalog: annals_domains::catalog(), commits: Vec::new() }
    }

    /// Gives a command. The commit at position p is recorded p seconds after 09:30. None: nothing has
    /// changed, and nothing is stored.
    pub fn give(
        &mut self,
        stream: &StreamId,
        command: &str,
        data: &Value,
    ) -> Result<Option<StoredCommit>, Refused> {
        self.give_as(Uuid::from_u128(self.commits.len() as u128 + 1), stream, command, data)
    }

    /// Gives a command under an id of its own.
    pub fn give_as(
        &mut self,
        id: Uuid,
        stream: &StreamId,
        command: &str,
        data: &Value,
    ) -> Result<Option<StoredCommit>, Refused> {
        let category = self.catalog.category(&stream.category).unwrap();
        match category.decide(stream.id, &self.state(stream), command, data) {
            Ok(decided) if decided.is_empty() => Ok(None),
            Ok(decided) => Ok(Some(self.store(id, stream, Fingerprint::of(command, data), decided))),
            Err(Rejection::Refused(refused)) => Err(refused),
            Err(rejection) => panic!("{command} {data}: {rejection:?}"),
        }
    }

    /// Stores what a command led to, be it in an earlier release.
    pub fn store(
        &mut self,
        id: Uuid,
        stream: &StreamId,
        fingerprint: Fingerprint,
        decided: Vec<Decided>,
    ) -> StoredCommit {
        let earlier = self.of(stream).last();
        let version = earlier.map_or(0, |it| it.commit.version());
        let position = self.commits.len() as u64 + 1;
        let commit = Commit {
            id,
            stream: stream.clone(),
            recorded_at: at(position),
            context: Context {
                correlation_id: id,
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint,
            events: Commit::number(id, version, 0, decided),
        };
        let stored = read(position, &written(&commit));
        self.commits.push(stored.clone());
        stored
    }

    /// Carries out a command that changes something.
    #[track_caller]
    pub fn accept(&mut self, stream: &StreamId, command: &str, data: &Value) -> StoredCommit {
        self.give(stream, command, data).unwrap().expect("it changes something")
    }

    /// What is folded from the stream's events.
    pub fn state(&self, stream: &StreamId) -> State {
        let category = self.catalog.category(&stream.category).unwrap();
        self.of(stream).try_fold(category.blank(), |state, stored| category.fold(state, stored)).unwrap()
    }

    /// The commits of one stream.
    pub fn of(&self, stream: &StreamId) -> impl Iterator<Item = &StoredCommit> {
        self.commits.iter().filter(move |it| it.commit.stream == *stream)
    }
}

/// The body of an entry of one commit.
pub fn written(commit: &Commit) -> Vec<u8> {
    let mut body = EntryBody::new();
    body.push(slice::from_ref(commit)).unwrap().unwrap();
    body.finish()
}

/// The commit of an entry that has only one.
pub fn read(position: u64, body: &[u8]) -> StoredCommit {
    let entry = Entry::decode(position, Hash::from_bytes([0; 32]), body);
    let [stored] = entry.unwrap().commits.try_into().expect("one commit");
    stored
}

/// The time of the commit at a position.
pub fn at(position: u64) -> Timestamp {
    Timestamp::from_second(1_795_253_400 + i64::try_from(position).unwrap()).unwrap()
}

/// As rows show it.
pub fn time(position: u64) -> String {
    micros::format(at(position))
}
