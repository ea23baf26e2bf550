//! Looks after a reactor while it works: keeps its floor, tells its lag, notices when it is not
//! given what is there.

use std::{convert::Infallible, time::Duration};

use annals_nats::{Listener, LogError, Standing};
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use crate::{act::Actor, hands::Hands};

/// How often.
const EVERY: Duration = Duration::from_secs(2);

/// So often in a row nothing may come although there is something.
const SILENCES: u32 = 3;

/// Never ends well: only when the reactor has to listen anew.
pub(crate) async fn tend(listener: &Listener, actor: &Actor, hands: &Hands) -> Result<Infallible, LogError> {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut silences): (Option<Standing>, u32) = (None, 0);
    loop {
        every.tick().await;
        let now = listener.standing().await?;
        note(actor, &now);
        if before.is_none_or(|before| before.floor < now.floor) {
            keep(listener, actor, &now).await;
        }
        let silent = before.is_some_and(|before| before.delivered == now.delivered);
        silences = if silent && now.has_more() && hands.are_empty() { silences + 1 } else { 0 };
        if silences == SILENCES {
            let waiting = now.waiting;
            return Err(LogError::Unavailable(format!("the consumer is silent, and {waiting} commits wait")));
        }
        before = Some(now);
    }
}

/// Keeps the floor once more, at a clean stop.
pub(crate) async fn leave(listener: &Listener, actor: &Actor) {
    if let Ok(now) = listener.standing().await {
        keep(listener, actor, &now).await;
    }
}

async fn keep(listener: &Listener, actor: &Actor, now: &Standing) {
    if let Err(error) = listener.keep(now.floor).await {
        debug!(%error, "the floor of {} is not kept: the next one will be", actor.reactor.name);
    }
}

#[allow(clippy::cast_precision_loss)] // a gauge need not tell 2^53 commits from one more
fn note(actor: &Actor, now: &Standing) {
    let name = actor.reactor.name;
    actor.trouble.settled(name, now.floor);
    metrics::gauge!("annals_reactor_lag", "reactor" => name).set((now.waiting + now.out) as f64);
}
