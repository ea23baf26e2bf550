//! Work that begins at a steady rate, whether or not what began before has ended.

use std::time::{Duration, Instant};

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use super::load::{Pace, Tally, Window};

/// Begins one after the other. Each is told when it was due, and says how long it took and what came of it. Those
/// that were due within the window count, however long they take: else the slowest would not.
pub(crate) async fn steady<F>(every: Duration, pace: Pace, begin: impl Fn(Instant) -> F) -> Tally
where
    F: Future<Output = (Duration, anyhow::Result<u64>)> + Send + 'static,
{
    let window = Window::from_now(pace);
    let mut tasks = JoinSet::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        let due = ticks.tick().await.into_std();
        if !window.has_until(due) {
            break; // those that were due begin, also if the machine was too busy for them in time
        }
        let work = begin(due);
        tasks.spawn(async move {
            let (took, outcome) = work.await;
            let mut tally = Tally::new(window);
            if window.counts(due) || outcome.is_err() {
                tally.count(took, outcome);
            }
            tally
        });
    }
    tasks.join_all().await.into_iter().fold(Tally::new(window), Tally::and)
}
