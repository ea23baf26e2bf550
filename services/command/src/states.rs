//! The states that the log has: in memory, and in the state store behind it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use annals_core::{
    Catalog, Category, Fingerprint, Position, StoredCommit,
    log::{Checkpoint, Entry, Place},
};
use annals_sqlite::{StateReader, StateStoreError};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    aggregate::{Aggregate, Key},
    cache::{Cache, Fill},
    recent::Recent,
    store::{StoreEnded, Stored, WriteBehind},
};

/// Every state and every command id of the log, up to where it was folded.
pub(crate) struct States {
    catalog: Catalog,
    cache: Cache,
    reader: StateReader,
    store: WriteBehind,
    /// What cannot be read from the store yet.
    unwritten: HashMap<Key, Arc<Aggregate>>,
    unwritten_commands: HashMap<Uuid, StoredCommand>,
    /// Commands that were folded in the last seconds.
    recent: Recent,
    /// The keys of both, by position.
    behind: VecDeque<(Position, Vec<Key>, Vec<Uuid>)>,
}

/// Why an entry cannot be folded.
#[derive(Debug, Error)]
pub(crate) enum FoldError {
    /// The state store cannot be read now: it may be later.
    #[error("{0}")]
    Unreadable(String),
    /// The log, or the store, is not what it was.
    #[error("{0}")]
    Broken(String),
    /// The state store is not written any more.
    #[error(transparent)]
    StoreEnded(#[from] StoreEnded),
}

/// Where the first commit of a command is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredCommand {
    pub position: Position,
    pub fingerprint: Fingerprint,
}

impl States {
    pub(crate) fn new(
        catalog: Catalog,
        (reader, store): (StateReader, WriteBehind),
        budget: usize,
        is_empty: bool,
    ) -> Self {
        Self {
            catalog,
            cache: Cache::new(budget, is_empty),
            reader,
            store,
            unwritten: HashMap::new(),
            unwritten_commands: HashMap::new(),
            recent: Recent::default(),
            behind: VecDeque::new(),
        }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The aggregate as the log has it.
    pub(crate) fn aggregate(&mut self, category: &Category, key: Key) -> Result<Arc<Aggregate>, String> {
        if let Some(aggregate) = self.cache.get(&key) {
            return Ok(aggregate);
        }
        let aggregate = match self.unwritten.get(&key) {
            Some(aggregate) => aggregate.clone(),
            None if self.cache.is_complete() => Arc::new(Aggregate::initial(category)),
            None => Arc::new(self.load(category, key)?),
        };
        self.cache.put(key, aggregate.clone());
        Ok(aggregate)
    }

    fn load(&self, category: &Category, key: Key) -> Result<Aggregate, String> {
        metrics::counter!("annals_aggregate_loads_total").increment(1);
        let Some(stored) = self.reader.aggregate(key.category, key.id).map_err(|error| unreadable(&error))?
        else {
            return Ok(Aggregate::initial(category));
        };
        let state = category.decode(&stored.state);
        let state = state.ok_or_else(|| format!("{key} holds an event that this release cannot read"));
        Ok(Aggregate::stored(state, stored.state.len(), stored.version, stored.position))
    }

    /// The command of that id, if it has stored something.
    pub(crate) fn command(&self, id: Uuid) -> Result<Option<StoredCommand>, String> {
        if let Some(command) = self.unwritten_commands.get(&id) {
            return Ok(Some(*command));
        }
        let stored = self.reader.command(id).map_err(|error| unreadable(&error))?;
        Ok(stored.map(|it| StoredCommand { position: it.position, fingerprint: it.fingerprint }))
    }

    /// Whether the command of that id has been folded within the last 15 s, and maybe 30 s. The first sending of an id
    /// that was drawn for it can only be stored already if a repeat overtook it: that was folded since it waits here,
    /// and nothing waits here for longer than 12 s.
    pub(crate) fn is_recent(&self, id: Uuid) -> bool {
        self.recent.contains(id)
    }

    /// Takes what an entry of our own changed.
    pub(crate) async fn apply(
        &mut self,
        checkpoint: Checkpoint,
        states: HashMap<Key, Aggregate>,
        commands: HashMap<Uuid, (Place, Fingerprint)>,
    ) -> Result<(), StoreEnded> {
        let position = checkpoint.head.position;
        let states =
            states.into_iter().map(|(key, aggregate)| (key, Arc::new(Aggregate { position, ..aggregate })));
        let commands = commands.into_iter().map(|(id, (place, fingerprint))| (id, place, fingerprint));
        self.keep(checkpoint, states.collect(), commands.collect()).await
    }

    /// Folds an entry that was read from the log.
    ///
    /// # Errors
    /// When its versions do not follow what was folded, or a state cannot be read. Then nothing of it is folded.
    pub(crate) async fn fold(&mut self, checkpoint: Checkpoint, entry: &Entry) -> Result<(), FoldError> {
        let (mut states, mut commands) = (HashMap::new(), Vec::with_capacity(entry.commits.len()));
        for stored in &entry.commits {
            let commit = &stored.commit;
            commands.push((commit.id, stored.place, commit.fingerprint));
            // Events of categories that are in no domain here have no state here.
            let catalog = self.catalog.clone();
            let Some(category) = catalog.category(&commit.stream.category) else { continue };
            let key = Key::new(category.name, commit.stream.id);
            let before = match states.get(&key) {
                Some(before) => Arc::clone(before),
                None => self.aggregate(category, key).map_err(FoldError::Unreadable)?,
            };
            states.insert(key, Arc::new(after(category, &before, stored).map_err(FoldError::Broken)?));
        }
        Ok(self.keep(checkpoint, states.into_iter().collect(), commands).await?)
    }

    /// Takes note that foreign messages were read.
    pub(crate) async fn skip(&mut self, checkpoint: Checkpoint) -> Result<(), StoreEnded> {
        self.keep(checkpoint, Vec::new(), Vec::new()).await
    }

    async fn keep(
        &mut self,
        checkpoint: Checkpoint,
        aggregates: Vec<(Key, Arc<Aggregate>)>,
        commands: Vec<(Uuid, Place, Fingerprint)>,
    ) -> Result<(), StoreEnded> {
        self.forget_written();
        let position = checkpoint.head.position;
        for (key, aggregate) in &aggregates {
            self.cache.put(*key, aggregate.clone());
            self.unwritten.insert(*key, aggregate.clone());
        }
        for (id, _, fingerprint) in &commands {
            let command = StoredCommand { position, fingerprint: *fingerprint };
            self.unwritten_commands.insert(*id, command);
            self.recent.insert(*id);
        }
        let keys = aggregates.iter().map(|(key, _)| *key).collect();
        let ids = commands.iter().map(|(id, ..)| *id).collect();
        self.behind.push_back((checkpoint.position, keys, ids));
        self.store.put(Stored { aggregates, commands, checkpoint }).await
    }

    /// What the store has can be read from there.
    fn forget_written(&mut self) {
        let written = self.store.written();
        while let Some((position, keys, ids)) =
            self.behind.pop_front_if(|(position, ..)| *position <= written)
        {
            for key in keys {
                if self.unwritten.get(&key).is_some_and(|it| it.position <= position) {
                    self.unwritten.remove(&key);
                }
            }
            for id in ids {
                self.unwritten_commands.remove(&id);
            }
        }
    }

    /// How full the memory is, and how many entries the store is behind.
    pub(crate) fn fill(&self) -> (Fill, usize) {
        (self.cache.fill(), self.behind.len())
    }

    /// Writes what is left.
    pub(crate) async fn finish(self) {
        let Self { reader, store, .. } = self;
        drop(reader); // so that the writer can close the file whole
        store.finish().await;
    }
}

/// The aggregate after a commit of the log.
fn after(category: &Category, before: &Aggregate, stored: &StoredCommit) -> Result<Aggregate, String> {
    let commit = &stored.commit;
    let first = commit.events.first().map_or(0, |event| event.version);
    if first != before.version + 1 {
        let (stream, position, version) = (&commit.stream, stored.position, before.version);
        return Err(format!(
            "{stream} is broken at position {position}: version {first} does not follow {version}"
        ));
    }
    let bytes = commit.events.iter().map(|event| event.data.get().len()).sum();
    let state = match &before.state {
        Ok(state) => category.fold(category.clone_state(state), stored).map_err(|error| error.to_string()),
        Err(reason) => Err(reason.clone()),
    };
    Ok(before.after(category, state, commit.version(), stored.position, bytes))
}

fn unreadable(error: &StateStoreError) -> String {
    format!("the state store cannot be read: {error}")
}
