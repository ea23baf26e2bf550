//! What a client is told of the log, and from where it may go on: the server-sent events themselves.

use annals_core::{EventView, Position, StoredCommit};
use axum::response::sse::Event;
use serde_json::value::to_raw_value;

use crate::log::{LARGEST, filter::Filter};

/// So far may the log be looked at before the client is told how far that is.
const HIDDEN: Position = 1000;

/// What one client wants to see, and how far it has been told.
#[derive(Debug)]
pub struct Telling {
    filter: Filter,
    /// Nothing after it is told.
    until: Position,
    /// Everything up to here has been looked at.
    reached: Position,
    /// From here on the client would resume.
    resume: Position,
}

impl Telling {
    /// Begins after a position, and ends with `until`.
    pub fn new(filter: Filter, after: Position, until: Position) -> Self {
        Self { filter, until, reached: after, resume: after }
    }

    /// The part of the log that has to be looked at.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Everything up to here has been looked at.
    pub fn reached(&self) -> Position {
        self.reached
    }

    /// Whether nothing is left to be told.
    pub fn is_over(&self) -> bool {
        self.reached >= self.until
    }

    /// Looks at commits, which are all that there are up to `end`, and tells what passes. It leaves off
    /// after a commit when there is much to tell; the rest is to be shown to it again.
    pub fn tell(&mut self, commits: &[StoredCommit], end: Position) -> Vec<Event> {
        let (mut told, mut size) = (Vec::new(), 0);
        let up_to = |end| commits.partition_point(|stored| stored.position <= end);
        for stored in commits[..up_to(self.until)].iter().skip(up_to(self.reached)) {
            if size >= LARGEST {
                return told;
            }
            self.reached = stored.position;
            let events = self.filter.pick(stored);
            for (left, event) in (0..events.len()).rev().zip(&events) {
                let data = to_raw_value(event).expect("an event is plain data");
                size += data.get().len();
                let block = Event::default().event(name(event)).data(data.get());
                told.push(if left == 0 { self.mark(block) } else { block });
            }
            if self.has_come_far() {
                told.push(self.resume());
            }
        }
        self.reached = end.min(self.until).max(self.reached);
        // Of one category alone the commits may be few, and far between.
        if self.has_come_far() || self.is_over() && self.resume < self.until {
            told.push(self.resume());
        }
        told
    }

    /// Moves the point from where the client would resume, and nothing else.
    pub fn resume(&mut self) -> Event {
        self.mark(Event::default())
    }

    fn has_come_far(&self) -> bool {
        self.reached - self.resume >= HIDDEN
    }

    fn mark(&mut self, block: Event) -> Event {
        self.resume = self.reached;
        block.id(self.reached.to_string())
    }
}

/// A type is one line, unless somebody else has written it into the log.
fn name(event: &EventView) -> String {
    event.r#type.replace(['\r', '\n'], " ")
}

#[cfg(test)]
#[path = "telling_tests.rs"]
pub mod tests;
