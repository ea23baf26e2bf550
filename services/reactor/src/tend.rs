//! Looks after a reactor while it works: keeps its floor, tells its lag, notices when it is not
//! given what is there.

use std::convert::Infallible;

use annals_nats::{Hands, Listener, LogError, Standing, Watch};
use tracing::debug;

use crate::act::Actor;

/// Never ends well: only when the reactor has to listen anew.
pub(crate) async fn tend(listener: &Listener, actor: &Actor, hands: &Hands) -> Result<Infallible, LogError> {
    let (mut watch, mut before) = (Watch::new(listener), None);
    loop {
        let now = watch.next(|| hands.are_empty()).await?;
        note(actor, &now);
        if before.is_none_or(|before| before < now.floor) {
            keep(listener, actor, &now).await;
        }
        before = Some(now.floor);
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
