//! The log, read from here: streams, states, and all of it in order. The index says where events are, and their entries
//! are read from the log itself: nothing scans it.

mod cache;
pub mod event;
pub mod events;
mod filter;
pub mod live;
mod reader;
pub mod state;
pub mod stream;
pub mod streams;

use annals_core::EventView;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub use reader::LogReader;

/// How many bytes of events a page holds, or are sent at once. The event that reaches it is the last one.
const MAX_BYTES: usize = 512 * 1024;

/// The events of a page, each encoded as it comes, so that their size is known.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
struct Events {
    encoded: Vec<Box<RawValue>>,
    #[serde(skip)]
    bytes: usize,
}

impl Events {
    fn push(&mut self, event: &EventView) {
        let encoded = encode(event);
        self.bytes += encoded.get().len();
        self.encoded.push(encoded);
    }

    fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES
    }
}

fn encode(event: &EventView) -> Box<RawValue> {
    to_raw_value(event).expect("an event is plain data")
}

#[cfg(test)]
pub mod memory_index;
