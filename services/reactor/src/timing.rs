//! How long things wait before they are tried again, and how quickly another instance takes over.

use std::time::Duration;

use annals_chassis::pause::doubled;
use annals_nats::LeaseTiming;

/// The service's schedules.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The first pause before a retry: a second, but for tests.
    pub retry_after: Duration,
    /// For the lease of each reactor.
    pub lease: LeaseTiming,
}

impl Default for Timing {
    fn default() -> Self {
        Self { retry_after: Duration::from_secs(1), lease: LeaseTiming::default() }
    }
}

impl Timing {
    /// After the n-th try that failed: 1, 2, 4 ... 64 s, and then 64 s again and again.
    pub(crate) fn retry(&self, tries: u64) -> Duration {
        doubled(self.retry_after, tries, 64 * self.retry_after)
    }

    /// After the n-th attempt to deliver that failed: 1, 4, 16, 64, 256 s.
    pub(crate) fn delivery(&self, attempt: u64) -> Duration {
        let exponent = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.retry_after.saturating_mul(4_u32.saturating_pow(exponent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_as_documented() {
        let timing = Timing::default();
        let retries: Vec<_> = (1..=9).map(|tries| timing.retry(tries).as_secs()).collect();
        let deliveries: Vec<_> = (1..=5).map(|attempt| timing.delivery(attempt).as_secs()).collect();

        assert_eq!(retries, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert_eq!(deliveries, [1, 4, 16, 64, 256]);
    }
}
