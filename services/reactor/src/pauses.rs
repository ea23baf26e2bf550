//! How long a commit waits before it is tried again.

use std::time::Duration;

use annals_chassis::pause::doubled;

/// The schedules of retries, in one unit of time: a second, but for tests.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// What the first pause takes.
    pub unit: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { unit: Duration::from_secs(1) }
    }
}

impl Pauses {
    /// After the n-th try in vain: 1, 2, 4 ... 64 units, and then 64 again and again.
    pub(crate) fn retry(&self, times: u64) -> Duration {
        doubled(self.unit, times, 64 * self.unit)
    }

    /// After the n-th attempt to deliver that failed: 1, 4, 16, 64, 256 units.
    pub(crate) fn delivery(&self, attempt: u64) -> Duration {
        let exponent = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.unit.saturating_mul(4_u32.saturating_pow(exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_as_documented() {
        let seconds = |pause: Duration| pause.as_secs();
        let pauses = Pauses::default();
        let retries: Vec<_> = (1..=9).map(|times| seconds(pauses.retry(times))).collect();
        let deliveries: Vec<_> = (1..=5).map(|attempt| seconds(pauses.delivery(attempt))).collect();

        assert_eq!(retries, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(deliveries, [1, 4, 16, 64, 256]);
    }
}
