//! What a client is sent of the log, and from where it may go on: the server-sent events themselves.

use std::sync::Arc;

use annals_core::{
    Address, EventView, Position,
    index::EventFilter,
    log::{Entry, Read},
};
use axum::response::sse::Event;

use crate::log::{encode, filter::passes, reader::Located};

/// What one client wants to see, and how far it is.
#[derive(Debug)]
pub struct Cursor {
    filter: EventFilter,
    /// The last position that it wants to see.
    until: Option<Position>,
    /// Everything up to here has been sent, or is not for it.
    reached: Address,
    /// From here on the client would resume.
    resume: Address,
}

impl Cursor {
    /// Begins after an address, and ends with `until`.
    pub fn new(filter: EventFilter, after: Address, until: Option<Position>) -> Self {
        Self { filter, until, reached: after, resume: after }
    }

    /// What it lets through.
    pub fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// The last position that is for it.
    pub fn until(&self) -> Option<Position> {
        self.until
    }

    /// Everything up to here has been sent, or is not for it.
    pub fn reached(&self) -> Address {
        self.reached
    }

    /// Whether nothing is left to be sent.
    pub fn is_over(&self) -> bool {
        self.until.is_some_and(|until| self.reached >= Address::whole(until))
    }

    /// An event that passes.
    pub fn send(&mut self, located: &Located) -> Event {
        self.reached = self.reached.max(located.address());
        self.resume = self.reached;
        let event = located.view();
        let block = Event::default().event(name(&event)).data(encode(&event).get());
        block.id(located.address().to_string())
    }

    /// What passes of messages that come next in the log.
    pub fn take(&mut self, reads: &[Read]) -> Vec<Event> {
        let mut events = Vec::new();
        for read in reads {
            if let Some(entry) = &read.entry {
                self.take_entry(entry, &mut events);
            }
            self.reach(read.checkpoint.position);
        }
        events
    }

    fn take_entry(&mut self, entry: &Arc<Entry>, events: &mut Vec<Event>) {
        if self.until.is_some_and(|until| entry.position > until) {
            return;
        }
        for located in Located::all(entry) {
            let is_new = located.address() > self.reached;
            if is_new && passes(&self.filter, located.stored(), located.record()) {
                events.push(self.send(&located));
            }
        }
    }

    /// Everything up to a position has been looked at.
    pub fn reach(&mut self, position: Position) {
        let position = self.until.map_or(position, |until| until.min(position));
        self.reached = self.reached.max(Address::whole(position));
    }

    /// At the end, the client resumes there.
    pub fn finish(&mut self) -> Option<Event> {
        (self.is_over() && self.resume < self.reached).then(|| self.resume())
    }

    /// Moves the point from where the client would resume, and nothing else.
    pub fn resume(&mut self) -> Event {
        self.resume = self.reached;
        Event::default().id(self.resume.to_string())
    }
}

/// A type is one line, unless another program has written it into the log.
fn name(event: &EventView) -> String {
    event.r#type.replace(['\r', '\n'], " ")
}

#[cfg(test)]
#[path = "cursor_tests.rs"]
pub mod tests;
