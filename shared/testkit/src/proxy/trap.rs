//! Entries that are held up on their way.

use std::{io, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::operation::{Entry, is_acknowledgement};

/// How long it may take until an entry comes by.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where an entry is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The server has not seen it.
    BeforePublish,
    /// The server has it, and nothing comes back.
    AfterPublish,
    /// The server has said that it is stored, and the writer has not heard it.
    BeforeAcknowledgement,
    /// The writer has heard it just now: it has answered nobody, and its state store does not have it.
    AfterAcknowledgement,
}

impl Moment {
    /// From an entry's publish to what comes after its acknowledgement.
    pub const ALL: [Self; 4] =
        [Self::BeforePublish, Self::AfterPublish, Self::BeforeAcknowledgement, Self::AfterAcknowledgement];
}

/// Waits for an entry.
#[derive(Debug)]
pub(super) struct Trap(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    /// Where the next entry is to be held.
    wanted: Option<Moment>,
    /// Whether nothing passes.
    shut: bool,
    /// Whether that is told, because an entry is where it was wanted.
    caught: bool,
    /// How many commits the last entry has that came by.
    commits: u64,
    /// How often all connections were cut.
    cuts: u64,
}

/// An entry that is held, and with it everything that would pass.
#[derive(Debug)]
#[must_use = "nothing passes until it is released or cut"]
pub struct Held {
    trap: watch::Sender<State>,
    commits: u64,
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
        let caught = caught.unwrap_or_else(|_| panic!("no entry came to {moment:?} within {PATIENCE:?}"));
        let commits = caught.expect("its sender is ours").commits;
        Held { trap: self.0.clone(), commits }
    }
}

impl Held {
    /// How many commits the entry has.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits
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
    pub(super) async fn let_through(&mut self, entry: Option<Entry>) -> io::Result<()> {
        let entry = entry.filter(|entry| entry.commits > 0);
        if let Some(Entry { commits }) = entry {
            self.trap.send_if_modified(|state| {
                state.commits = commits;
                false // nobody waits for this
            });
            if self.shut_if(Moment::BeforePublish) {
                self.catch();
            }
        }
        self.opens().await?;
        if entry.is_some() {
            self.shut_if(Moment::AfterPublish);
        }
        Ok(())
    }

    /// A message has gone to the server.
    pub(super) fn has_passed(&self, entry: Option<Entry>) {
        if entry.is_some_and(|entry| entry.commits > 0) && self.state.borrow().shut {
            self.catch();
        }
    }

    /// Lets an operation of the server through, when it is time.
    pub(super) async fn let_back(&mut self, operation: &[u8]) -> io::Result<()> {
        if is_acknowledgement(operation) && self.shut_if(Moment::BeforeAcknowledgement) {
            self.catch();
        }
        self.opens().await
    }

    /// An operation of the server has gone to the client.
    pub(super) fn has_come_back(&self, operation: &[u8]) {
        if is_acknowledgement(operation) && self.shut_if(Moment::AfterAcknowledgement) {
            self.catch();
        }
    }

    fn shut_if(&self, moment: Moment) -> bool {
        self.trap.send_if_modified(|state| {
            let met = state.wanted == Some(moment);
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
