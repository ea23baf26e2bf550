//! How long the projector waits for what, so that a test can be quicker.

use std::time::Duration;

use annals_chassis::pause::doubled;

/// The projector's pauses.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// After so long without a message it is checked that file and log are still what they were.
    pub quiet: Duration,
    /// The first pause before something that failed is tried again. Doubled each time.
    pub retry: Duration,
    /// The longest such pause.
    pub max_retry: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(5),
            retry: Duration::from_secs(1),
            max_retry: Duration::from_secs(64),
        }
    }
}

impl Timing {
    /// The pause after that many failures, from 1.
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        doubled(self.retry, failures.into(), self.max_retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_view_is_retried_after_1_2_4_up_to_64_seconds_and_then_every_64() {
        let timing = Timing::default();
        let pauses: Vec<_> = (1..=9).map(|failures| timing.pause(failures).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(timing.pause(u32::MAX).as_secs(), 64);
    }
}
