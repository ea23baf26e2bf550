//! How long a command that waits in the queue is tried.

use std::time::Duration;

use annals_chassis::pause::doubled;

/// When a command is tried again, in one unit of time: a second, but for tests.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// What the first pause takes.
    pub unit: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { unit: Duration::from_secs(1) }
    }
}

/// The longest pause, in units.
const LONGEST: u32 = 64;

/// So long, in units, after a command was taken it is worth another try.
const GIVE_UP_AFTER: u32 = 3600;

impl RetryPolicy {
    /// The pause after the n-th try in vain: 1, 2, 4 ... 64 units, and then 64 again and again. None: it has
    /// failed. That is an hour after it was taken, but not before it has seen every pause: whoever comes
    /// back after a day finds commands that are old and have hardly been tried.
    pub(crate) fn pause(&self, times: u64, age: Duration) -> Option<Duration> {
        let after = |tries| doubled(self.unit, tries, self.longest());
        let over = age >= self.unit * GIVE_UP_AFTER && times > 1 && after(times - 1) == self.longest();
        (!over).then(|| after(times))
    }

    /// The pause of what is never given up.
    pub(crate) fn longest(&self) -> Duration {
        self.unit * LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn pause(times: u64, age: Duration) -> Option<u64> {
        RetryPolicy::default().pause(times, age).map(|pause| pause.as_secs())
    }

    #[test]
    fn pauses_grow_to_a_minute_and_stay_there() {
        let pauses: Vec<_> = (1..=9).filter_map(|times| pause(times, Duration::ZERO)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(pause(u64::MAX, Duration::ZERO), Some(64));
    }

    #[test]
    fn after_an_hour_it_has_failed() {
        assert_eq!(pause(60, HOUR.saturating_sub(Duration::from_nanos(1))), Some(64));
        assert_eq!(pause(60, HOUR), None);
    }

    #[test]
    fn what_nobody_could_try_for_an_hour_is_given_every_pause_all_the_same() {
        let day = Duration::from_hours(24);
        let pauses: Vec<_> = (1..=8).map(|times| pause(times, day)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64].map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    }

    #[test]
    fn another_unit_changes_all_of_it() {
        let quick = RetryPolicy { unit: Duration::from_millis(1) };
        assert_eq!(quick.pause(3, Duration::ZERO), Some(Duration::from_millis(4)));
        assert_eq!(quick.pause(8, Duration::from_millis(3600)), None);
    }
}
