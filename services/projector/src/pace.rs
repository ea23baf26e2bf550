//! How long the projector waits for what, in one place, so that a test can be quicker.

use std::time::Duration;

use annals_chassis::pause::doubled;

/// The projector's pauses.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After so long without a delivery the log is asked whether there should have been one.
    pub silence: Duration,
    /// How long a delivery may still be on its way once the log has said that there is one.
    pub last_look: Duration,
    /// The first pause before what is in the way is tried again. Doubled each time.
    pub retry: Duration,
    /// The longest such pause.
    pub retry_at_most: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(5),
            last_look: Duration::from_secs(1),
            retry: Duration::from_secs(1),
            retry_at_most: Duration::from_secs(64),
        }
    }
}

impl Pace {
    /// The pause after that many tries in vain, from 1.
    pub(crate) fn pause(&self, tries: u32) -> Duration {
        doubled(self.retry, tries.into(), self.retry_at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_is_tried_after_1_2_4_up_to_64_seconds_and_then_every_64() {
        let pace = Pace::default();
        let pauses: Vec<_> = (1..=9).map(|tries| pace.pause(tries).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(pace.pause(u32::MAX).as_secs(), 64);
    }
}
