//! Who hands a message to its channel.

use annals_core::{Listen, Reaction, Reactor, Recorded};

use super::{Event, Notification};

/// The only reactor that listens to notifications. How often it tries is the shell's affair.
pub(super) fn delivery() -> Reactor {
    Reactor { name: "delivery", reads: vec![Notification::on(deliver)] }
}

fn deliver(it: &Recorded<Event>) -> Vec<Reaction> {
    match it.event {
        Event::NotificationRequested { .. } => vec![Reaction::Deliver],
        Event::NotificationSent { .. }
        | Event::NotificationFailed { .. }
        | Event::NotificationAbandoned {} => vec![],
    }
}
