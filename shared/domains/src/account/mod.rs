//! Bank accounts. Somebody opens one, money comes in, money goes out, and one day it is closed.
//! The balance never falls below zero.

mod balances;
mod money;
mod movements;
mod notices;
mod rules;
mod statements;
mod transfers;

use annals_core::{Domain, Listen, Reactor};

pub use money::{Amount, Balance, MoneyError};
pub use rules::{Account, Command, Event, Refusal};
pub use transfers::{Pending, Reason};

/// Bank accounts, as the services see them.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Account>()
        .shows(balances::balances())
        .shows(statements::statements())
        .reacts(Reactor::new("welcome", [Account::when("AccountOpened", notices::greet_the_owner)]))
        .reacts(Reactor::new(
            "large-withdrawal",
            [Account::when("MoneyWithdrawn", notices::tell_the_fraud_desk)],
        ))
}
