//! Rules of the form "whenever this, then that".

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value, json};
use thiserror::Error;
use uuid::Uuid;

use crate::{Decider, EventRecord, Handler, StoredCommit, StreamId, Unreadable, handler, reaction_id};

/// Does something about events. It has no memory: events carry what it needs.
#[derive(Debug, Clone)]
pub struct Reactor {
    /// Its name, in kebab-case. It is part of the ids of what it does: never change it.
    pub name: &'static str,
    /// Where in the log it begins when it is run for the first time.
    pub from: Start,
    /// Which event makes it do what. About notifications it answers [`Request`] or [`Deliver`]: a
    /// notification about a notification would breed without end.
    pub wakes: Vec<Handler<Reaction>>,
}

/// Where in the log a reactor begins. From then on it misses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the first event, however old.
    Beginning,
    /// With what happens after its first start.
    Now,
}

/// What a reactor wants done. A function that wants only one kind of thing may answer that: [`Notice`],
/// [`Request`] or [`Deliver`].
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// Tell somebody.
    Notify(Notice),
    /// Ask an aggregate for something.
    Command(Request),
    /// As [`Deliver`].
    Deliver,
}

/// Hand the notification, to whose stream the event belongs, to its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliver;

impl From<Notice> for Reaction {
    fn from(notice: Notice) -> Self {
        Self::Notify(notice)
    }
}

impl From<Request> for Reaction {
    fn from(request: Request) -> Self {
        Self::Command(request)
    }
}

impl From<Deliver> for Reaction {
    fn from(_: Deliver) -> Self {
        Self::Deliver
    }
}

/// A message for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Tells this reaction from the reactor's others to the same event. Never change it.
    pub name: &'static str,
    /// An e-mail address, or the name of a desk.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// A command for an aggregate.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Tells this reaction from the reactor's others to the same event. Never change it.
    pub name: &'static str,
    /// To whom.
    pub stream: StreamId,
    /// The command, in kebab-case.
    pub command: String,
    /// Its data.
    pub data: Value,
}

impl Request {
    /// Asks the aggregate `id` of category `D`.
    #[must_use]
    pub fn new<D: Decider>(name: &'static str, id: Uuid, command: &D::Command) -> Self {
        let (command, data) = tagged(command);
        Self { name, stream: StreamId::new(D::NAME, id), command, data }
    }
}

/// What the shell carries out for a reactor about one event.
#[derive(Debug, Clone)]
pub struct Dispatch<'a> {
    /// The event that woke the reactor.
    pub cause: &'a EventRecord,
    /// What to do.
    pub outgoing: Outgoing,
}

/// A reaction with its id.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// A command for the bus.
    Command {
        /// The command's id, derived from reactor, event and the reaction's name.
        id: Uuid,
        /// To whom.
        stream: StreamId,
        /// The command, in kebab-case.
        command: String,
        /// Its data.
        data: Value,
    },
    /// Hand the event's notification to its channel.
    Deliver,
}

/// Why a commit cannot be acted on.
#[derive(Debug, Clone, Error)]
pub enum ReactError {
    /// An event of it cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A notification would be asked for because of a notification.
    #[error("reactor `{0}` answers a notification with a notification, which would breed without end")]
    Breeds(&'static str),
    /// Only notifications can be delivered.
    #[error("reactor `{0}` delivers what is not a notification")]
    NotANotification(&'static str),
}

/// The category that notices become. Its deciders' `request` command is given for each.
pub(crate) const NOTIFICATION: &str = "notification";

/// The command that is given for a notice.
const REQUEST: &str = "request";

impl Reactor {
    /// A reactor that begins with the first event of the log, however old.
    #[must_use]
    pub fn new(name: &'static str, wakes: impl Into<Vec<Handler<Reaction>>>) -> Self {
        Self { name, from: Start::Beginning, wakes: wakes.into() }
    }

    /// It begins with what happens after its first start.
    #[must_use]
    pub fn from_now(self) -> Self {
        Self { from: Start::Now, ..self }
    }

    /// The categories that it reads.
    #[must_use]
    pub fn categories(&self) -> BTreeSet<&'static str> {
        self.wakes.iter().map(|handler| handler.category).collect()
    }

    /// Whether an event of the commit wakes it: most do not.
    #[must_use]
    pub fn is_woken_by(&self, stored: &StoredCommit) -> bool {
        let category = &stored.commit.stream.category;
        let wakes = |event: &EventRecord| self.wakes.iter().any(|it| it.reads(category, &event.kind));
        stored.commit.events.iter().any(wakes)
    }

    /// Says what is to be done about a commit.
    ///
    /// # Errors
    /// When an event of the commit cannot be read, or what is wanted would do harm.
    pub fn react<'a>(&self, stored: &'a StoredCommit) -> Result<Vec<Dispatch<'a>>, ReactError> {
        let reactions = handler::run(&self.wakes, stored)?.into_iter();
        let dispatch = |(cause, reaction)| {
            let outgoing = self.address(stored, cause, reaction);
            self.check(stored, &outgoing)?;
            Ok(Dispatch { cause, outgoing })
        };
        reactions.map(dispatch).collect()
    }

    /// What the catalog cannot see, because functions hide it.
    fn check(&self, stored: &StoredCommit, outgoing: &Outgoing) -> Result<(), ReactError> {
        let about_notification = stored.commit.stream.category == NOTIFICATION;
        match outgoing {
            Outgoing::Deliver if !about_notification => Err(ReactError::NotANotification(self.name)),
            Outgoing::Command { stream, command, .. }
                if about_notification && stream.category == NOTIFICATION && command == REQUEST =>
            {
                Err(ReactError::Breeds(self.name))
            }
            Outgoing::Deliver | Outgoing::Command { .. } => Ok(()),
        }
    }

    fn address(&self, stored: &StoredCommit, cause: &EventRecord, reaction: Reaction) -> Outgoing {
        let id = |name| reaction_id(self.name, stored.position, cause.id, name);
        match reaction {
            Reaction::Deliver => Outgoing::Deliver,
            Reaction::Command(request) => Outgoing::Command {
                id: id(request.name),
                stream: request.stream,
                command: request.command,
                data: request.data,
            },
            Reaction::Notify(notice) => Outgoing::Command {
                id: id(notice.name),
                stream: StreamId::new(NOTIFICATION, id(notice.name)),
                command: REQUEST.into(),
                data: json!({
                    "reactor": self.name,
                    "channel": "log",
                    "to": notice.to,
                    "subject": notice.subject,
                    "body": notice.body,
                    "about": {
                        "category": stored.commit.stream.category,
                        "id": stored.commit.stream.id,
                        "event_id": cause.id,
                    },
                }),
            },
        }
    }
}

/// The name and the data of a command, as they are sent.
#[must_use]
pub fn tagged<C: Serialize>(command: &C) -> (String, Value) {
    let tagged: Map<String, Value> = serde_json::to_value(command)
        .ok()
        .and_then(|value| serde_json::from_value(value).ok())
        .expect("the catalog refuses commands that are not struct variants");
    tagged.into_iter().next().expect("a variant has a name")
}

#[cfg(test)]
#[path = "reactor_tests.rs"]
mod tests;
