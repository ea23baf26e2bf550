//! Bank accounts. Somebody opens one, money comes in, money goes out, and one day it is closed.
//! The balance never falls below zero.

mod balances;
mod money;
mod notices;
mod rules;
mod statements;

use annals_core::Domain;

pub use money::{Amount, Balance, MoneyError};
pub use rules::{Account, Command, Event, Refusal};

/// Bank accounts, as the services see them.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Account>()
        .shows(balances::balances())
        .shows(statements::statements())
        .reacts(notices::welcome())
        .reacts(notices::large_withdrawal())
}
