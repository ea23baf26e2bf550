//! One command at a time per account, in the order they came. Every peer gets this: without it, two commands in
//! one process would conflict and one of them would have to be done again.

use tokio::sync::{Mutex, MutexGuard};

/// A lane per account, with what is remembered of the account between two commands.
pub struct Lanes<State>(Vec<Mutex<State>>);

impl<State: Default> Lanes<State> {
    /// As many lanes as there are accounts.
    pub fn new(accounts: usize) -> Self {
        Self((0..accounts).map(|_| Mutex::default()).collect())
    }

    /// Waits until it is this command's turn.
    pub async fn enter(&self, account: usize) -> MutexGuard<'_, State> {
        self.0[account].lock().await
    }
}
