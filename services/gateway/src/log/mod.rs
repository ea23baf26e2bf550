//! The log, read from here: streams, states, and all of it in order.

pub mod events;
mod filter;
pub mod live;
pub mod state;
pub mod stream;

use std::vec;

use annals_core::{EventView, Position, StoredCommit};
use annals_nats::{Log, LogError, Scope};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// How many commits are read at once.
const PAGE: usize = 500;

/// How much a page holds, in bytes; what was begun is finished.
const LARGEST: usize = 512 * 1024;

/// The events of a page, each encoded as it comes, so that their size is known.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Events {
    encoded: Vec<Box<RawValue>>,
    #[serde(skip)]
    size: usize,
}

impl Events {
    /// Adds one.
    pub fn push(&mut self, event: &EventView) {
        let encoded = to_raw_value(event).expect("an event is plain data");
        self.size += encoded.get().len();
        self.encoded.push(encoded);
    }

    /// Whether no more belong on the page.
    pub fn are_enough(&self, limit: u32) -> bool {
        self.encoded.len() >= limit as usize || self.size >= LARGEST
    }
}

/// Reads a part of the log commit by commit, in pages.
pub struct Reader<'a, L> {
    log: &'a L,
    scope: Scope,
    page: vec::IntoIter<StoredCommit>,
    more: bool,
    /// Everything in scope up to here is in the pages read so far.
    fetched: Position,
    /// Everything in scope up to here has been looked at.
    pub reached: Position,
}

impl<'a, L: Log> Reader<'a, L> {
    /// Begins after a position.
    pub fn new(log: &'a L, scope: Scope, after: Position) -> Self {
        Self { log, scope, page: Vec::new().into_iter(), more: true, fetched: after, reached: after }
    }

    /// The next commit; none at the end of the log.
    pub async fn next(&mut self) -> Result<Option<StoredCommit>, LogError> {
        if self.page.as_slice().is_empty() && self.more {
            let page = self.log.read(&self.scope, self.fetched, PAGE).await?;
            self.more = page.more;
            self.fetched = page.reached.max(self.fetched);
            self.page = page.commits.into_iter();
        }
        let stored = self.page.next();
        self.reached = match &stored {
            Some(stored) if !self.page.as_slice().is_empty() => stored.position,
            _ => self.fetched,
        };
        Ok(stored)
    }
}
