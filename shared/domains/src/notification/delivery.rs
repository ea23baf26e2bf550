//! Who hands a message to its channel. How often it tries is the shell's affair.

use annals_core::{Deliver, Recorded};

use super::Event;

pub(super) fn deliver(_: &Recorded<Event>) -> [Deliver; 1] {
    [Deliver]
}
