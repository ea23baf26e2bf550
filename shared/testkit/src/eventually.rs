//! Waiting for what is eventually true, without guessing how long that takes.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};

const DEADLINE: Duration = Duration::from_secs(10);
const EVERY: Duration = Duration::from_millis(10);

/// What a probe comes back with: whether it is there, or the thing itself if it is there.
pub trait Seen {
    /// What is handed on once it is there.
    type Value;

    /// None: not yet.
    fn seen(self) -> Option<Self::Value>;
}

impl Seen for bool {
    type Value = ();

    fn seen(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Seen for Option<T> {
    type Value = T;

    fn seen(self) -> Option<T> {
        self
    }
}

/// Probes every 10 ms until it is there, and panics with `what` if it is not after 10 s.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let (balance, wanted) = (async || 250, 250);
/// annals_testkit::eventually("the deposit shows in the balance", async || balance().await == wanted).await;
/// # });
/// ```
pub async fn eventually<S: Seen>(what: &str, probe: impl AsyncFnMut() -> S) -> S::Value {
    eventually_within(DEADLINE, what, probe).await
}

/// As [`eventually`], for what may take longer or must not take as long.
pub async fn eventually_within<S: Seen>(
    deadline: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> S,
) -> S::Value {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let seen = async {
        loop {
            every.tick().await;
            if let Some(value) = probe().await.seen() {
                return value;
            }
        }
    };
    timeout(deadline, seen).await.unwrap_or_else(|_| panic!("not within {deadline:?}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_handed_on_as_soon_as_it_is_there() {
        let mut asked = 0;
        let value = eventually("the third time", async || {
            asked += 1;
            (asked == 3).then_some(asked)
        })
        .await;
        assert_eq!(value, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "not within 30ms: pigs fly")]
    async fn what_never_comes_is_named() {
        eventually_within(Duration::from_millis(30), "pigs fly", async || false).await;
    }

    #[tokio::test]
    #[should_panic(expected = "not within 30ms: it answers")]
    async fn a_probe_that_hangs_is_cut_off() {
        eventually_within(Duration::from_millis(30), "it answers", async || {
            std::future::pending::<bool>().await
        })
        .await;
    }
}
