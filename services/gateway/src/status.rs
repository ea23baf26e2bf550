//! How views and reactors are doing, all of a kind at once.

use std::time::Duration;

use annals_core::bus::Failure;
use annals_nats::Bus;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::gateway::Gateway;

/// Whoever does not say in this time how it is doing is not reachable: a list, and a probe of `/readyz`,
/// should not wait for the slowest.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks all of them. None: it does not answer.
pub async fn of_all<T, S, F>(
    gateway: &Gateway,
    all: impl Iterator<Item = T>,
    ask: impl Fn(Bus, T) -> F,
) -> Vec<(T, Option<S>)>
where
    T: Copy,
    F: Future<Output = Result<S, Failure>>,
{
    let bus = gateway.bus().ok().cloned();
    let asked = all.map(|it| {
        let asking = bus.clone().map(|bus| timeout(PATIENCE, ask(bus, it)));
        async move {
            match asking {
                Some(asking) => (it, asking.await.ok().and_then(Result::ok)),
                None => (it, None),
            }
        }
    });
    join_all(asked).await
}

/// The state that it names, if it answers.
pub fn state(named: Option<impl Serialize>) -> Value {
    named.map_or_else(|| json!("unreachable"), |state| json!(state))
}
