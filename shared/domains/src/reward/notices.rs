//! Whom we tell when something happens to a reward.

use annals_core::{Notice, Recorded};

use super::Event;

pub(super) fn tell_the_creator(it: &Recorded<Event>) -> Option<Notice> {
    let Event::SubscriberJoined { subscription_id, creator_email, subscribers } = &it.event else {
        return None;
    };
    Some(Notice {
        name: "new-subscriber",
        to: creator_email.to_string(),
        subject: "You have a new subscriber".into(),
        body: format!(
            "Subscription {subscription_id} joined your reward {}. It has {subscribers} now.",
            it.id
        ),
    })
}
