//! What the reward is told.
//!
//! Word of an activation may be overtaken by word of the cancellation, because what failed is tried
//! again later. So whoever leaves is made to join first: what one event asks for is done in order, and
//! a reward takes nobody twice. What was overtaken then changes nothing.
//!
//! What is told before the reward is offered is refused, and lost. That has a price: if a reward is offered
//! only after a subscription to it was activated and cancelled, and word of the activation failed and is
//! tried again after that, the reward takes whom it will never be told to let go.

use annals_core::{Recorded, Request};
use uuid::Uuid;

use super::Event;
use crate::reward::{self, Reward};

pub(super) fn join(it: &Recorded<Event>) -> Option<Request> {
    let Event::SubscriptionActivated { reward_id, .. } = it.event else { return None };
    Some(record_subscriber(reward_id, it.id))
}

pub(super) fn leave(it: &Recorded<Event>) -> Vec<Request> {
    let Event::SubscriptionCancelled { reward_id, was_active: true, .. } = it.event else { return vec![] };
    let leaver = reward::Command::RecordLeaver { subscription_id: it.id };
    vec![record_subscriber(reward_id, it.id), Request::new::<Reward>("leave", reward_id, &leaver)]
}

fn record_subscriber(reward_id: Uuid, subscription_id: Uuid) -> Request {
    Request::new::<Reward>("join", reward_id, &reward::Command::RecordSubscriber { subscription_id })
}
