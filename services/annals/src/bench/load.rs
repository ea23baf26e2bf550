//! Work that is done again and again, for so long, by so many at once.

use std::{
    fmt::Display,
    time::{Duration, Instant},
};

use anyhow::Context;
use hdrhistogram::Histogram;
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};

use super::sample::{Figure, Sample, Times};

/// Who was turned away waits so long: else failing would be the fastest thing to do.
const AFTER_A_FAILURE: Duration = Duration::from_millis(100);

/// How long something is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// So long nothing counts yet.
    pub warm_up: Duration,
    /// And so long it does.
    pub length: Duration,
}

/// Somebody who does one thing after the other.
pub(crate) trait Worker: Send + 'static {
    /// Does it once, and says how many it was, or what went wrong.
    fn once(&mut self) -> impl Future<Output = anyhow::Result<u64>> + Send;
}

/// Has each worker do its work over and over; how many there are is how much is in flight.
pub(crate) async fn closed_loop<W: Worker>(workers: Vec<W>, pace: Pace) -> Tally {
    let window = Window::from_now(pace);
    let mut tasks = JoinSet::new(); // whose tasks end when it is dropped
    for mut worker in workers {
        tasks.spawn(async move {
            let mut tally = Tally::new(window);
            while window.is_open() {
                let begun = Instant::now();
                if !tally.note(begun, worker.once().await) {
                    sleep(AFTER_A_FAILURE).await;
                }
            }
            tally
        });
    }
    let tallies = tasks.join_all().await;
    tallies.into_iter().fold(Tally::new(window), Tally::and)
}

/// Has a thread of its own do what keeps a thread busy.
pub(crate) async fn on_a_thread<E: Display>(
    pace: Pace,
    mut work: impl FnMut() -> Result<u64, E> + Send + 'static,
) -> Tally {
    let window = Window::from_now(pace);
    let busy = move || {
        let mut tally = Tally::new(window);
        while window.is_open() {
            tally.note(Instant::now(), work());
        }
        tally
    };
    spawn_blocking(busy).await.expect("nothing in it panics")
}

/// What ends within it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    opens: Instant,
    closes: Instant,
}

impl Window {
    /// Opens after the warm-up.
    pub(crate) fn from_now(pace: Pace) -> Self {
        let opens = Instant::now() + pace.warm_up;
        Self { opens, closes: opens + pace.length }
    }

    /// Whether there is still something to be done.
    pub(crate) fn is_open(&self) -> bool {
        Instant::now() < self.closes
    }

    /// Whether what happens then counts.
    pub(crate) fn counts(&self, moment: Instant) -> bool {
        (self.opens..self.closes).contains(&moment)
    }
}

/// What was done in a window.
#[derive(Debug)]
pub(crate) struct Tally {
    window: Window,
    done: u64,
    nanoseconds: Histogram<u64>,
    failures: u64,
    first_failure: Option<String>,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new(window: Window) -> Self {
        let nanoseconds = Histogram::new(3).expect("three digits are not too many");
        Self { window, done: 0, nanoseconds, failures: 0, first_failure: None }
    }

    /// Counts something that has just ended, if that is within the window. Whether it went well.
    pub(crate) fn note<E: Display>(&mut self, begun: Instant, outcome: Result<u64, E>) -> bool {
        let (went_well, ended) = (outcome.is_ok(), Instant::now());
        if self.window.counts(ended) {
            self.count(ended - begun, outcome);
        }
        went_well
    }

    /// Counts something that took so long.
    pub(crate) fn count<E: Display>(&mut self, took: Duration, outcome: Result<u64, E>) {
        match outcome {
            Ok(done) => {
                self.done += done;
                self.nanoseconds += u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            }
            Err(error) => {
                self.failures += 1;
                self.first_failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    /// Together with what another one did in the same window.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.done += other.done;
        self.nanoseconds += other.nanoseconds;
        self.failures += other.failures;
        self.first_failure = self.first_failure.or(other.first_failure);
        self
    }

    /// As the sample of a figure that is counted in things per second.
    pub(crate) fn rate(&self, figure: Figure) -> Sample {
        self.sample(figure, self.per_second())
    }

    /// As the sample of a figure that says how long one thing usually takes.
    ///
    /// # Errors
    /// When nothing went well.
    pub(crate) fn typical(&self, figure: Figure) -> anyhow::Result<Sample> {
        Ok(self.sample(figure, self.times()?.p50_ms))
    }

    /// As the sample of a figure that says how long one thing may take, except for one in a hundred.
    ///
    /// # Errors
    /// When nothing went well.
    pub(crate) fn worst(&self, figure: Figure) -> anyhow::Result<Sample> {
        Ok(self.sample(figure, self.times()?.p99_ms))
    }

    fn sample(&self, figure: Figure, value: f64) -> Sample {
        let (failures, first_failure) = (self.failures, self.first_failure.clone());
        Sample { figure, value, times: self.times().ok(), failures, first_failure }
    }

    fn times(&self) -> anyhow::Result<Times> {
        let failure = self.first_failure.as_deref().unwrap_or("it takes longer than it is measured");
        Times::of(&self.nanoseconds).with_context(|| format!("nothing went well: {failure}"))
    }

    #[allow(clippy::cast_precision_loss)] // nobody does 2^53 things while it is measured
    fn per_second(&self) -> f64 {
        self.done as f64 / (self.window.closes - self.window.opens).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_before_the_window_opens_does_not_count() {
        let pace = |warm_up, length| Pace {
            warm_up: Duration::from_secs(warm_up),
            length: Duration::from_secs(length),
        };
        let note = |pace| {
            let mut tally = Tally::new(Window::from_now(pace));
            tally.note(Instant::now(), anyhow::Ok(10));
            tally.note(Instant::now(), Err::<u64, _>("no"));
            tally
        };
        let early = note(pace(60, 60));
        assert_eq!((early.done, early.failures, early.nanoseconds.len()), (0, 0, 0));

        let both = note(pace(0, 60)).and(note(pace(0, 60)));
        assert_eq!((both.done, both.failures, both.nanoseconds.len()), (20, 2, 2));
        assert_eq!(both.first_failure.as_deref(), Some("no"));
        assert!((both.per_second() - 20.0 / 60.0).abs() < 1e-9);
    }
}
