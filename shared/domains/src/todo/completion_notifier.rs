//! Tells whoever has a stake in a todo that it is done, and notes on the todo that they were told.

use annals_core::{Decider, Notice, Recorded, Request, values::Date};

use super::{Command, Event, Todo};
use crate::notification;

pub(super) const NAME: &str = "completion-notifier";

pub(super) fn tell_the_stakeholder(it: &Recorded<Event>) -> Option<Notice> {
    let Event::TodoCompleted { title, stakeholder_email, .. } = &it.event else { return None };
    let body = format!("Your todo item {title} has been completed!");
    stakeholder_email.as_ref().map(|stakeholder| Notice {
        name: "completion",
        to: stakeholder.to_string(),
        subject: body.split_whitespace().collect::<Vec<_>>().join(" "), // one line, though the title may be many
        body,
    })
}

/// Other reactors send notifications too, and only its own say that a stakeholder was told.
pub(super) fn record_it_on_the_todo(it: &Recorded<notification::Event>) -> Option<Request> {
    let notification::Event::NotificationSent { reactor, about, .. } = &it.event else { return None };
    let own = reactor.to_string() == NAME && about.category == Todo::NAME;
    let recorded = Command::RecordStakeholderNotified { notified_on: Date::of(it.recorded_at) };
    own.then(|| Request::new::<Todo>("stakeholder-notified", about.id, &recorded))
}
