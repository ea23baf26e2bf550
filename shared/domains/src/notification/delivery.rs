//! Who hands a message to its channel.

use annals_core::{Deliver, Listen, Reactor, Recorded, Start};

use super::{Event, Notification};

/// The only reactor that listens to notifications. How often it tries is the shell's affair.
pub(super) fn delivery() -> Reactor {
    Reactor { name: "delivery", from: Start::Beginning, reads: vec![Notification::on(deliver)] }
}

fn deliver(it: &Recorded<Event>) -> Vec<Deliver> {
    match it.event {
        Event::NotificationRequested { .. } => vec![Deliver],
        Event::NotificationSent { .. }
        | Event::NotificationFailed { .. }
        | Event::NotificationAbandoned {} => vec![],
    }
}
