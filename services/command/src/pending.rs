//! A command that waits for the writer, and what becomes of it.

use std::sync::Arc;

use annals_core::{
    Category, Fingerprint, ParsedCommand, Position, StoredCommit, Version,
    bus::{CommandRequest, Failure},
};
use tokio::sync::oneshot;

use crate::aggregate::Key;

/// A command, or a question about one, that waits for the writer.
pub(crate) struct Pending {
    pub asks: Asks,
    /// How often it has been decided in vain: another writer was faster.
    pub tries: u32,
    reply: oneshot::Sender<Verdict>,
}

/// What is asked of the writer.
pub(crate) enum Asks {
    /// To carry out a command.
    Command(Box<Command>),
    /// Whether a command has stored something.
    Find(uuid::Uuid, Option<Fingerprint>),
}

/// A command that was read and fits.
pub(crate) struct Command {
    pub request: Arc<CommandRequest>,
    pub key: Key,
    pub fingerprint: Fingerprint,
    /// Taken when it is decided, and read again if it has to be decided anew.
    parsed: Option<ParsedCommand>,
}

/// What becomes of it.
pub(crate) enum Verdict {
    /// Its commit is on disk.
    Stored(StoredCommit),
    /// An earlier one with its id stored something, at that position.
    Repeated(Position),
    /// Nothing had to happen.
    Unchanged { version: Version, position: Position },
    /// No command of that id has stored anything.
    Absent,
    /// It was not carried out.
    Failed(Failure),
}

impl Command {
    pub(crate) fn new(request: Arc<CommandRequest>, category: &'static str, parsed: ParsedCommand) -> Self {
        let fingerprint = Fingerprint::of(&request.command, &request.data);
        let key = Key::new(category, request.stream.id);
        Self { request, key, fingerprint, parsed: Some(parsed) }
    }

    /// The command as its category reads it.
    pub(crate) fn parsed(&mut self, category: &Category) -> Result<ParsedCommand, annals_core::Rejection> {
        match self.parsed.take() {
            Some(parsed) => Ok(parsed),
            None => category.parse(&self.request.command, &self.request.data),
        }
    }
}

impl Pending {
    pub(crate) fn new(asks: Asks) -> (Self, oneshot::Receiver<Verdict>) {
        let (reply, verdict) = oneshot::channel();
        (Self { asks, tries: 0, reply }, verdict)
    }

    /// The command's id.
    pub(crate) fn id(&self) -> uuid::Uuid {
        match &self.asks {
            Asks::Command(command) => command.request.id,
            Asks::Find(id, _) => *id,
        }
    }

    /// Whether its sender has given it up.
    pub(crate) fn is_given_up(&self) -> bool {
        self.reply.is_closed()
    }

    /// Answers it. The sender may have given it up meanwhile.
    pub(crate) fn answer(self, verdict: Verdict) {
        let _ = self.reply.send(verdict);
    }

    pub(crate) fn fail(self, failure: Failure) {
        self.answer(Verdict::Failed(failure));
    }
}
