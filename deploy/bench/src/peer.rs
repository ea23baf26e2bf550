//! What is asked of every peer.

use std::future::Future;

use anyhow::Result;

/// An event store with accounts in it, set up as its own documentation recommends.
pub trait Peer: Send + Sync + 'static {
    /// Opens the account: the first event of its stream.
    fn open(&self, account: usize) -> impl Future<Output = Result<()>> + Send;

    /// Deposits 1: loads the state, decides, appends behind an optimistic check. Returns when the event is on disk.
    fn deposit(&self, account: usize) -> impl Future<Output = Result<()>> + Send;

    /// Every event of the account in order, read back from the store and not from what is remembered of it.
    fn history(&self, account: usize) -> impl Future<Output = Result<Vec<Recorded>>> + Send;
}

/// What an event says about its account, as the store gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Counts the events of one account, from 1.
    pub version: i64,
    /// How much money the account holds after this event.
    pub balance: i64,
}

/// What an account's stream is called, in every peer.
pub fn stream(account: usize) -> String {
    format!("account-{account}")
}
