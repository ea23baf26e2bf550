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

/// What ends within it counts. If nothing does, it stays open until something has ended.
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

    /// Whether it still lasts at that moment, or has not even begun.
    pub(crate) fn has_until(&self, moment: Instant) -> bool {
        moment < self.closes
    }

    /// Whether what happens then counts.
    pub(crate) fn counts(&self, moment: Instant) -> bool {
        (self.opens..self.closes).contains(&moment)
    }
}

/// Something that ended when the window was over.
#[derive(Debug, Clone, Copy)]
struct Late {
    ended: Instant,
    took: Duration,
    done: u64,
}

/// What was done in a window.
#[derive(Debug)]
pub(crate) struct Tally {
    window: Window,
    done: u64,
    /// The first success after the window.
    late: Option<Late>,
    nanoseconds: Histogram<u64>,
    failures: u64,
    first_failure: Option<String>,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new(window: Window) -> Self {
        let nanoseconds = Histogram::new(3).expect("three digits are not too many");
        Self { window, done: 0, late: None, nanoseconds, failures: 0, first_failure: None }
    }

    /// Counts something that has just ended, if that is within the window; what went wrong counts always.
    /// Whether it went well.
    pub(crate) fn note<E: Display>(&mut self, begun: Instant, outcome: Result<u64, E>) -> bool {
        self.note_at(Instant::now(), begun, outcome)
    }

    fn note_at<E: Display>(&mut self, ended: Instant, begun: Instant, outcome: Result<u64, E>) -> bool {
        let (went_well, took) = (outcome.is_ok(), ended - begun);
        match outcome {
            // Whoever waits in vain does so for longer than most windows last.
            Err(_) => self.count(took, outcome),
            Ok(_) if self.window.counts(ended) => self.count(took, outcome),
            Ok(done) if !self.window.has_until(ended) => {
                self.late = earlier(self.late, Some(Late { ended, took, done }));
            }
            Ok(_) => {}
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
        self.late = earlier(self.late, other.late);
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

    /// The sample of a figure that says something else about the same work, with what went wrong with that.
    pub(crate) fn blame(&self, sample: Sample) -> Sample {
        Sample { failures: self.failures, first_failure: self.first_failure.clone(), ..sample }
    }

    fn times(&self) -> anyhow::Result<Times> {
        let failure = self.first_failure.as_deref().unwrap_or("it takes longer than it is measured");
        let late = || self.late.map(|it| Times::one(it.took));
        Times::of(&self.nanoseconds).or_else(late).with_context(|| format!("nothing went well: {failure}"))
    }

    #[allow(clippy::cast_precision_loss)] // nobody does 2^53 things while it is measured
    fn per_second(&self) -> f64 {
        let (done, until) = match self.late {
            Some(late) if self.done == 0 => (late.done, late.ended),
            _ => (self.done, self.window.closes),
        };
        done as f64 / (until - self.window.opens).as_secs_f64()
    }
}

fn earlier(one: Option<Late>, other: Option<Late>) -> Option<Late> {
    one.into_iter().chain(other).min_by_key(|it| it.ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(warm_up: u64, length: u64) -> Tally {
        let pace = Pace { warm_up: Duration::from_secs(warm_up), length: Duration::from_secs(length) };
        Tally::new(Window::from_now(pace))
    }

    #[test]
    fn what_ends_before_the_window_opens_does_not_count() {
        let note = |mut tally: Tally| {
            tally.note(Instant::now(), anyhow::Ok(10));
            tally
        };
        let early = note(tally(60, 60));
        assert_eq!((early.done, early.nanoseconds.len()), (0, 0));
        assert!(early.per_second().abs() < 1e-9);

        let both = note(tally(0, 60)).and(note(tally(0, 60)));
        assert_eq!((both.done, both.nanoseconds.len()), (20, 2));
        assert!((both.per_second() - 20.0 / 60.0).abs() < 1e-9);
    }

    #[test]
    fn what_goes_wrong_counts_whenever_it_ends() {
        let mut tally = tally(1, 1);
        let opens = tally.window.opens;
        for ended in [Instant::now(), opens, opens + Duration::from_mins(1)] {
            tally.note_at(ended, ended, Err::<u64, _>("no"));
        }
        assert_eq!((tally.failures, tally.first_failure.as_deref()), (3, Some("no")));
    }

    #[test]
    fn a_window_in_which_nothing_ended_stays_open_until_something_has() {
        let late = |seconds, done| {
            let mut tally = tally(0, 1);
            let begun = tally.window.opens;
            tally.note_at(begun + Duration::from_secs(seconds), begun, anyhow::Ok(done));
            tally
        };
        let first = late(2, 10);
        let both = late(5, 40).and(late(2, 10));
        let took = both.times().unwrap().p50_ms;
        assert!((took - 2000.0).abs() < 1.0, "{took}");
        assert_eq!(both.late.map(|it| it.done), Some(10));
        assert!((first.per_second() - 5.0).abs() < 1e-9);
        assert!(tally(0, 1).times().is_err());
    }
}
