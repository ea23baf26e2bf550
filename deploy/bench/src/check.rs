//! Proof that a peer really did the work: what it acknowledged stands in its store, once and in order.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Context, Result, ensure};

use crate::peer::{Peer, Recorded};

/// What the clients were told, per account.
pub struct Ledger(Vec<Told>);

#[derive(Default)]
struct Told {
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

impl Ledger {
    /// Nothing told yet.
    pub fn new(accounts: usize) -> Self {
        Self((0..accounts).map(|_| Told::default()).collect())
    }

    /// A deposit at this account was acknowledged.
    pub fn acknowledged(&self, account: usize) {
        self.0[account].acknowledged.fetch_add(1, Relaxed);
    }

    /// A deposit at this account failed: it may stand in the store or not.
    pub fn failed(&self, account: usize) {
        self.0[account].failed.fetch_add(1, Relaxed);
    }
}

/// How many deposits at this account were acknowledged, if the store agrees.
pub async fn account<P: Peer>(peer: &P, ledger: &Ledger, account: usize) -> Result<u64> {
    let told = &ledger.0[account];
    let (acknowledged, failed) = (told.acknowledged.load(Relaxed), told.failed.load(Relaxed));
    let history = peer.history(account).await?;
    agrees(&history, acknowledged, failed).with_context(|| format!("account {account}"))?;
    Ok(acknowledged)
}

fn agrees(history: &[Recorded], acknowledged: u64, failed: u64) -> Result<()> {
    for (expected, event) in (1..).zip(history) {
        ensure!(event.version == expected, "version {} where {expected} was due", event.version);
        ensure!(event.balance == expected - 1, "a balance of {} at version {expected}", event.balance);
    }
    let deposits = history.len().checked_sub(1).context("it was never opened")? as u64;
    ensure!(
        (acknowledged..=acknowledged + failed).contains(&deposits),
        "{deposits} deposits stored, {acknowledged} acknowledged and {failed} failed"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history<const N: usize>(events: [(i64, i64); N]) -> [Recorded; N] {
        events.map(|(version, balance)| Recorded { version, balance })
    }

    #[test]
    fn what_was_acknowledged_stands_in_the_store() {
        assert!(agrees(&history([(1, 0), (2, 1), (3, 2)]), 2, 0).is_ok());
        assert!(agrees(&history([(1, 0), (2, 1)]), 2, 0).is_err());
        assert!(agrees(&history([(1, 0), (2, 1), (3, 2)]), 1, 0).is_err());
        assert!(agrees(&[], 0, 0).is_err());
    }

    #[test]
    fn a_failed_deposit_may_stand_in_the_store_or_not() {
        assert!(agrees(&history([(1, 0), (2, 1)]), 0, 1).is_ok());
        assert!(agrees(&history([(1, 0)]), 0, 1).is_ok());
    }

    #[test]
    fn a_gap_in_the_versions_or_a_lost_update_is_found() {
        assert!(agrees(&history([(1, 0), (3, 1)]), 1, 0).is_err());
        assert!(agrees(&history([(1, 0), (2, 1), (3, 1)]), 2, 0).is_err());
    }
}
