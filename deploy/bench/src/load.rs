//! One point: so many deposits in flight, for so long, each at a random account.

use std::{sync::Arc, time::Duration};

use rand::Rng;
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{check::Ledger, peer::Peer};

/// Who was turned away waits so long: else failing would be the fastest thing to do.
const AFTER_A_FAILURE: Duration = Duration::from_millis(100);

/// What one point does.
#[derive(Clone, Copy)]
pub struct Load {
    /// How many deposits are in flight.
    pub in_flight: usize,
    /// Over how many of the accounts they are spread.
    pub accounts: usize,
    /// How long it runs before it is measured.
    pub warm_up: Duration,
    /// How long it is measured.
    pub measured: Duration,
}

/// What one point gave.
#[derive(Serialize)]
pub struct Point {
    /// How many deposits were in flight.
    in_flight: usize,
    /// Whether all of them were at one account.
    hot: bool,
    /// Acknowledged deposits per second of the measured time.
    per_second: f64,
    /// Half of the deposits took no longer than this, in milliseconds.
    p50_ms: f64,
    /// 99 % of the deposits took no longer than this, in milliseconds.
    p99_ms: f64,
    /// Deposits that failed, warm-up included.
    errors: usize,
}

/// When a point warms up and when it counts.
#[derive(Clone, Copy)]
struct Window {
    start: Instant,
    end: Instant,
}

#[derive(Default)]
struct Seen {
    latencies: Vec<Duration>,
    errors: usize,
}

/// Keeps that many deposits in flight through the warm-up and the measured time.
pub async fn point<P: Peer>(peer: &Arc<P>, ledger: &Arc<Ledger>, load: Load) -> Point {
    let start = Instant::now() + load.warm_up;
    let window = Window { start, end: start + load.measured };
    let mut clients = JoinSet::new();
    for _ in 0..load.in_flight {
        clients.spawn(client(Arc::clone(peer), Arc::clone(ledger), load.accounts, window));
    }
    let mut all = Seen::default();
    for seen in clients.join_all().await {
        all.latencies.extend(seen.latencies);
        all.errors += seen.errors;
    }
    summary(load, all)
}

async fn client<P: Peer>(peer: Arc<P>, ledger: Arc<Ledger>, accounts: usize, window: Window) -> Seen {
    let mut seen = Seen::default();
    loop {
        let asked = Instant::now();
        if asked >= window.end {
            return seen;
        }
        let account = rand::rng().random_range(0..accounts);
        match peer.deposit(account).await {
            Ok(()) => ledger.acknowledged(account),
            Err(error) => {
                eprintln!("deposit at account {account}: {error:#}");
                ledger.failed(account);
                seen.errors += 1;
                sleep(AFTER_A_FAILURE).await;
                continue;
            }
        }
        let answered = Instant::now();
        if answered >= window.start && answered < window.end {
            seen.latencies.push(answered - asked);
        }
    }
}

fn summary(load: Load, mut seen: Seen) -> Point {
    seen.latencies.sort_unstable();
    Point {
        in_flight: load.in_flight,
        hot: load.accounts == 1,
        per_second: Duration::from_secs(seen.latencies.len() as u64).div_duration_f64(load.measured),
        p50_ms: percentile_ms(&seen.latencies, 50),
        p99_ms: percentile_ms(&seen.latencies, 99),
        errors: seen.errors,
    }
}

/// The nearest rank: the smallest value that so many percent of all do not exceed. Nothing measured is 0.
fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_smallest_value_that_enough_do_not_exceed() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();

        assert!((percentile_ms(&sorted, 50) - 100.0).abs() < f64::EPSILON);
        assert!((percentile_ms(&sorted, 99) - 198.0).abs() < f64::EPSILON);
        assert!((percentile_ms(&sorted[..1], 99) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_rate_counts_what_was_answered_in_the_measured_time() {
        let seen = Seen { latencies: vec![Duration::from_millis(1); 300], errors: 0 };
        let measured = Duration::from_secs(2);
        let load = Load { in_flight: 1, accounts: 1000, warm_up: Duration::ZERO, measured };

        assert!((summary(load, seen).per_second - 150.0).abs() < f64::EPSILON);
    }
}
