//! Batches that are held up in the middle.

use std::{io, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::operation::{Member, acknowledgement};

/// How long it may take until a batch comes by.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a batch is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So many of its messages have passed, and not the next one.
    After(u64),
    /// All of it has passed but the message that commits it.
    BeforeCommit,
    /// All of it has passed, and nothing comes back.
    AfterCommit,
    /// The server has said that it is stored, and nobody has heard it.
    BeforeAcknowledgement,
}

impl Moment {
    /// From the first message of a batch to its acknowledgement.
    pub const ALL: [Self; 4] =
        [Self::After(3), Self::BeforeCommit, Self::AfterCommit, Self::BeforeAcknowledgement];

    fn is_before(self, member: &Member) -> bool {
        match self {
            Self::After(passed) => member.number == passed + 1,
            Self::BeforeCommit => member.commits,
            Self::AfterCommit | Self::BeforeAcknowledgement => false,
        }
    }
}

/// Waits for a batch.
#[derive(Debug)]
pub(super) struct Trap(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    /// Where the next batch is to be held.
    wanted: Option<Moment>,
    /// Whether nothing passes.
    shut: bool,
    /// Whether that is told, because a batch is where it was wanted.
    caught: bool,
    /// The subjects of the last batch's messages, as far as they have come by.
    subjects: Vec<String>,
    /// How often all connections were cut.
    cuts: u64,
}

/// A batch that is held, and with it everything that would pass.
#[derive(Debug)]
#[must_use = "nothing passes until it is released or cut"]
pub struct Held {
    trap: watch::Sender<State>,
    subjects: Vec<String>,
}

impl Trap {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    pub(super) fn gate(&self) -> Gate {
        let state = self.0.subscribe();
        let cuts = state.borrow().cuts;
        Gate { trap: self.0.clone(), state, cuts }
    }

    pub(super) async fn hold(&self, moment: Moment) -> Held {
        self.0.send_modify(|state| state.wanted = Some(moment));
        let mut state = self.0.subscribe();
        let caught = timeout(PATIENCE, state.wait_for(|state| state.caught)).await;
        let caught = caught.unwrap_or_else(|_| panic!("no batch came to {moment:?} within {PATIENCE:?}"));
        let subjects = caught.expect("its sender is ours").subjects.clone();
        Held { trap: self.0.clone(), subjects }
    }
}

impl Held {
    /// The subjects of its messages that have come to the proxy, in their order.
    #[must_use]
    pub fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// Lets everything go on.
    pub fn release(self) {
        self.trap.send_modify(|state| (state.shut, state.caught) = (false, false));
    }

    /// Cuts all connections: what was held never arrives.
    pub fn cut(self) {
        self.trap.send_modify(|state| {
            (state.shut, state.caught) = (false, false);
            state.cuts += 1;
        });
    }
}

/// What one connection has to pass, in one direction.
pub(super) struct Gate {
    trap: watch::Sender<State>,
    state: watch::Receiver<State>,
    cuts: u64,
}

impl Gate {
    /// Comes back when the connection is cut.
    pub(super) async fn cut(&mut self) -> io::Error {
        // It fails if the proxy is gone, and then all is cut.
        let _ = self.state.wait_for(|state| state.cuts != self.cuts).await;
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Lets a message through to the server, when it is time.
    pub(super) async fn let_through(&mut self, member: Option<&Member>) -> io::Result<()> {
        if let Some(member) = member {
            self.note(member);
            if self.shut_if(|moment| moment.is_before(member)) {
                self.catch();
            }
        }
        self.opens().await?;
        if member.is_some_and(|member| member.commits) {
            self.shut_if(|moment| moment == Moment::AfterCommit);
        }
        Ok(())
    }

    /// A message has gone to the server.
    pub(super) fn has_passed(&self, member: Option<&Member>) {
        if member.is_some_and(|member| member.commits) && self.state.borrow().shut {
            self.catch();
        }
    }

    /// Lets an operation of the server through, when it is time.
    pub(super) async fn let_back(&mut self, operation: &[u8]) -> io::Result<()> {
        let is_it = || acknowledgement(operation).is_some_and(|said| said.batch.is_some());
        if self.shut_if(|moment| moment == Moment::BeforeAcknowledgement && is_it()) {
            self.catch();
        }
        self.opens().await
    }

    fn note(&self, member: &Member) {
        self.trap.send_if_modified(|state| {
            if member.number == 1 {
                state.subjects.clear();
            }
            state.subjects.push(member.subject.clone());
            false // nobody waits for this
        });
    }

    fn shut_if(&self, is_wanted: impl Fn(Moment) -> bool) -> bool {
        self.trap.send_if_modified(|state| {
            let met = state.wanted.is_some_and(&is_wanted);
            if met {
                (state.wanted, state.shut) = (None, true);
            }
            met
        })
    }

    fn catch(&self) {
        self.trap.send_modify(|state| state.caught = true);
    }

    /// Waits until something passes again; an error if the connection was cut meanwhile.
    async fn opens(&mut self) -> io::Result<()> {
        let cuts = self.cuts;
        let state = self.state.wait_for(|state| !state.shut).await.map_err(io::Error::other)?;
        if state.cuts == cuts { Ok(()) } else { Err(io::ErrorKind::ConnectionAborted.into()) }
    }
}
