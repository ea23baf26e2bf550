//! How long to wait before something is tried again.

use std::time::Duration;

/// The pause after that many tries in vain, from 1: `first`, doubled each time, and `at_most` so long.
#[must_use]
pub fn doubled(first: Duration, tries: u64, at_most: Duration) -> Duration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(at_most)
}
