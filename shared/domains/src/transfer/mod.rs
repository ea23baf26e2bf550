//! Transfers of money: a process over two accounts.
//!
//! No account knows the other, and nothing is locked. A transfer asks the one for the money, then
//! offers it to the other, and brings it back if that one cannot take it. Each step is an event before
//! the next one is taken, and each answer is an event, a no as well. `docs/transfer.md` says why.

mod process;
mod rules;
mod transfers;

use annals_core::{Domain, Listen, Reactor};

pub use rules::{Command, Event, Order, Refusal, Transfer};

use crate::account::Account;

/// Transfers, as the services see them. Which event leads to which step:
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Transfer>().shows(transfers::transfers()).reacts(Reactor::new(
        "transfer",
        [
            Transfer::when("TransferRequested", process::debit_the_payer),
            Account::when("TransferDebited", process::record_the_debit),
            Account::when("TransferDebitDeclined", process::record_that_the_debit_was_declined),
            Transfer::when("DebitRecorded", process::credit_the_payee),
            Account::when("TransferCredited", process::record_the_credit),
            Account::when("TransferCreditDeclined", process::record_that_the_credit_was_declined),
            Transfer::when("TransferCompleted", process::settle_the_debit),
            Transfer::when("CreditDeclineRecorded", process::return_the_money),
            Account::when("TransferReturned", process::record_the_return),
        ],
    ))
}
