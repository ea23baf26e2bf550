//! Events that move money, seen alike.

use super::{Amount, Balance, Event};

/// Money that came or went.
pub(super) struct Movement {
    /// As statements call it.
    pub kind: &'static str,
    pub amount: Amount,
    /// What it led to.
    pub balance: Balance,
}

impl Event {
    /// None: it moved nothing.
    pub(super) fn movement(&self) -> Option<Movement> {
        let (kind, amount, balance) = match *self {
            Self::MoneyDeposited { amount, balance } => ("deposit", amount, balance),
            Self::MoneyWithdrawn { amount, balance } => ("withdrawal", amount, balance),
            Self::TransferDebited { amount, balance, .. } => ("transfer-out", amount, balance),
            Self::TransferCredited { amount, balance, .. } => ("transfer-in", amount, balance),
            Self::TransferReturned { amount, balance, .. } => ("transfer-returned", amount, balance),
            Self::AccountOpened { .. }
            | Self::AccountClosed {}
            | Self::TransferDebitDeclined { .. }
            | Self::TransferCreditDeclined { .. }
            | Self::TransferSettled { .. } => return None,
        };
        Some(Movement { kind, amount, balance })
    }
}
