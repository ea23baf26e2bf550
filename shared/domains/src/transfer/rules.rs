//! What may be asked of a transfer, and how far it has come.

use annals_core::Decider;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::account::{Amount, Reason};

/// A transfer. It waits for one answer at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum Transfer {
    /// Nobody has asked for it.
    #[default]
    Unrequested,
    /// The payer has been asked for the money.
    Requested(Order),
    /// The money has left the payer and was offered to the payee.
    Debited(Order),
    /// The payee could not take it, so it goes back.
    Returning { reason: Reason },
    /// The payee has it.
    Completed,
    /// The payer has it, still or again.
    Refused { reason: Reason },
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The payer's account.
    pub from: Uuid,
    /// The payee's account.
    pub to: Uuid,
    /// How much.
    pub amount: Amount,
}

/// What may be asked. Everything but `Request` is asked by the process itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Asks for money to be moved from one account to another.
    Request { from: Uuid, to: Uuid, amount: Amount },
    /// Notes that the payer has given the money.
    RecordDebited {},
    /// Notes that the payer cannot give it.
    RecordDebitDeclined { reason: Reason },
    /// Notes that the payee has the money.
    RecordCredited {},
    /// Notes that the payee cannot take it.
    RecordCreditDeclined { reason: Reason },
    /// Notes that the payer has it back.
    RecordReturned {},
}

/// What can happen. An event carries what the next step needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// Somebody asked for it.
    TransferRequested { from: Uuid, to: Uuid, amount: Amount },
    /// The money has left the payer.
    DebitRecorded { to: Uuid, amount: Amount },
    /// The payee cannot take it.
    CreditDeclineRecorded { from: Uuid, reason: Reason },
    /// The money has arrived.
    TransferCompleted { from: Uuid, to: Uuid, amount: Amount },
    /// The money is where it was.
    TransferRefused { reason: Reason },
}

/// Why not. A transfer that is asked for and cannot be made is not refused here: it ends in
/// [`Event::TransferRefused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Under this id there is a transfer already.
    #[error("The transfer was requested already.")]
    AlreadyRequested,
    /// From an account to itself.
    #[error("Money moves between two accounts, and these are the same.")]
    SameAccount,
}

impl Decider for Transfer {
    const NAME: &'static str = "transfer";
    const REVISION: u32 = 1;
    const INTERNAL: &'static [&'static str] = &[
        "record-debited",
        "record-debit-declined",
        "record-credited",
        "record-credit-declined",
        "record-returned",
    ];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (*self, command) {
            (Self::Unrequested, Command::Request { from, to, .. }) if from == to => {
                return Err(Refusal::SameAccount);
            }
            (Self::Unrequested, Command::Request { from, to, amount }) => {
                Event::TransferRequested { from, to, amount }
            }
            (_, Command::Request { .. }) => return Err(Refusal::AlreadyRequested),

            (Self::Requested(Order { to, amount, .. }), Command::RecordDebited {}) => {
                Event::DebitRecorded { to, amount }
            }
            (Self::Requested(_), Command::RecordDebitDeclined { reason })
            | (Self::Returning { reason, .. }, Command::RecordReturned {}) => {
                Event::TransferRefused { reason }
            }
            (Self::Debited(Order { from, to, amount }), Command::RecordCredited {}) => {
                Event::TransferCompleted { from, to, amount }
            }
            (Self::Debited(Order { from, .. }), Command::RecordCreditDeclined { reason }) => {
                Event::CreditDeclineRecorded { from, reason }
            }

            // It was recorded before: the transfer waits for something else by now, or for nothing.
            (
                _,
                Command::RecordDebited {}
                | Command::RecordDebitDeclined { .. }
                | Command::RecordCredited {}
                | Command::RecordCreditDeclined { .. }
                | Command::RecordReturned {},
            ) => return Ok(vec![]),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, &Event::TransferRequested { from, to, amount }) => {
                Self::Requested(Order { from, to, amount })
            }
            (Self::Requested(order), Event::DebitRecorded { .. }) => Self::Debited(order),
            (state, Event::DebitRecorded { .. }) => state,
            (_, &Event::CreditDeclineRecorded { reason, .. }) => Self::Returning { reason },
            (_, Event::TransferCompleted { .. }) => Self::Completed,
            (_, &Event::TransferRefused { reason }) => Self::Refused { reason },
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
