//! Whom we tell when something happens to a subscription.

use annals_core::{Notice, Recorded};

use super::Event;

pub(super) fn confirm(it: &Recorded<Event>) -> Option<Notice> {
    let Event::SubscriptionActivated { reward_id, subscriber_email, .. } = &it.event else { return None };
    Some(Notice {
        name: "confirmation",
        to: subscriber_email.to_string(),
        subject: "Your subscription is active".into(),
        body: format!("Thank you! Your subscription {} to reward {reward_id} is active.", it.id),
    })
}
