//! What may be asked of an account, and what comes of it.

use annals_core::{Decider, values::Email};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{
    money::{Amount, Balance},
    transfers::{Pending, Reason},
};

/// An account, from before it is opened until after it is closed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum Account {
    /// Nobody has opened it yet.
    #[default]
    Unopened,
    /// Money can move.
    Open {
        owner_email: Email,
        balance: Balance,
        #[serde(default, skip_serializing_if = "Pending::is_empty")]
        pending: Pending,
    },
    /// For good.
    Closed,
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Opens the account.
    Open { owner_email: Email },
    /// Pays money in.
    Deposit { amount: Amount },
    /// Takes money out.
    Withdraw { amount: Amount },
    /// Closes the account, which has to be empty.
    Close {},
    /// Takes out what a transfer moves.
    DebitForTransfer { transfer_id: Uuid, amount: Amount },
    /// Takes in what a transfer moves.
    CreditFromTransfer { transfer_id: Uuid, amount: Amount },
    /// What was taken out has arrived, and cannot come back.
    SettleTransfer { transfer_id: Uuid },
    /// What was taken out comes back.
    ReturnTransfer { transfer_id: Uuid },
}

/// What can happen. Movements carry the balance that they lead to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// The account was opened.
    AccountOpened { owner_email: Email },
    /// Money came in.
    MoneyDeposited { amount: Amount, balance: Balance },
    /// Money went out.
    MoneyWithdrawn { amount: Amount, balance: Balance },
    /// The account was closed.
    AccountClosed {},
    /// A transfer took money out. Until it ends the debit is pending.
    TransferDebited { amount: Amount, balance: Balance, transfer_id: Uuid },
    /// A transfer was to take money out, and could not.
    TransferDebitDeclined { reason: Reason, transfer_id: Uuid },
    /// A transfer brought money.
    TransferCredited { amount: Amount, balance: Balance, transfer_id: Uuid },
    /// A transfer was to bring money, and could not.
    TransferCreditDeclined { reason: Reason, transfer_id: Uuid },
    /// The money that a transfer took out has arrived.
    TransferSettled { transfer_id: Uuid },
    /// The money that a transfer took out came back.
    TransferReturned { amount: Amount, balance: Balance, transfer_id: Uuid },
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields say what they are
pub enum Refusal {
    /// It is open.
    #[error("The account is open already.")]
    AlreadyOpen,
    /// It was closed for good.
    #[error("The account was closed and cannot be opened again.")]
    Closed,
    /// It was never opened, or is closed.
    #[error("The account is not open.")]
    NotOpen,
    /// More than an account can hold.
    #[error("The account cannot hold that much money.")]
    BalanceTooLarge,
    /// Less is there than was asked for.
    #[error("The account holds {balance}, which is less than {amount}.")]
    InsufficientFunds { balance: Balance, amount: Amount },
    /// There is still money in it.
    #[error("The account still holds {balance}.")]
    NotEmpty { balance: Balance },
    /// Money may come back to it.
    #[error("A transfer from the account has not ended yet.")]
    TransferPending,
}

impl Decider for Account {
    const NAME: &'static str = "account";
    const REVISION: u32 = 2;
    const INTERNAL: &'static [&'static str] =
        &["debit-for-transfer", "credit-from-transfer", "settle-transfer", "return-transfer"];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Unopened, Command::Open { owner_email }) => Event::AccountOpened { owner_email },
            (Self::Open { .. }, Command::Open { .. }) => return Err(Refusal::AlreadyOpen),
            (Self::Closed, Command::Open { .. }) => return Err(Refusal::Closed),

            (Self::Open { balance, pending, .. }, Command::Deposit { amount }) => {
                let balance = pending.room_for(*balance, amount).ok_or(Refusal::BalanceTooLarge)?;
                Event::MoneyDeposited { amount, balance }
            }

            (&Self::Open { balance, .. }, Command::Withdraw { amount }) => {
                let rest = balance.minus(amount).ok_or(Refusal::InsufficientFunds { balance, amount })?;
                Event::MoneyWithdrawn { amount, balance: rest }
            }

            (&Self::Open { balance, .. }, Command::Close {}) if balance != Balance::ZERO => {
                return Err(Refusal::NotEmpty { balance });
            }
            (Self::Open { pending, .. }, Command::Close {}) if !pending.is_empty() => {
                return Err(Refusal::TransferPending);
            }
            (Self::Open { .. }, Command::Close {}) => Event::AccountClosed {},

            (
                Self::Unopened | Self::Closed,
                Command::Deposit { .. } | Command::Withdraw { .. } | Command::Close {},
            ) => return Err(Refusal::NotOpen),

            (_, Command::DebitForTransfer { transfer_id, amount }) => {
                return Ok(self.debit(transfer_id, amount));
            }
            (_, Command::CreditFromTransfer { transfer_id, amount }) => self.credit(transfer_id, amount),
            (_, Command::SettleTransfer { transfer_id }) => return Ok(self.settle(transfer_id)),
            (_, Command::ReturnTransfer { transfer_id }) => return Ok(self.give_back(transfer_id)),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::AccountOpened { owner_email }) => Self::Open {
                owner_email: owner_email.clone(),
                balance: Balance::ZERO,
                pending: Pending::default(),
            },
            (_, Event::AccountClosed {}) => Self::Closed,
            (Self::Open { owner_email, balance, pending }, event) => Self::Open {
                owner_email,
                balance: event.movement().map_or(balance, |movement| movement.balance),
                pending: pending.after(event),
            },
            (other @ (Self::Unopened | Self::Closed), _) => other,
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
pub(super) mod tests;
