//! Whom we tell when something happens to an account.

use annals_core::{Listen, Notice, Reaction, Reactor, Recorded, Start};

use super::{Account, Event};

/// From here on a withdrawal is worth a second look.
const LARGE_CENTS: i64 = 10_000_00;

pub(super) fn welcome() -> Reactor {
    Reactor { name: "welcome", from: Start::Beginning, reads: vec![Account::on(greet_the_owner)] }
}

pub(super) fn large_withdrawal() -> Reactor {
    Reactor {
        name: "large-withdrawal",
        from: Start::Beginning,
        reads: vec![Account::on(tell_the_fraud_desk)],
    }
}

fn greet_the_owner(it: &Recorded<Event>) -> Vec<Reaction> {
    match &it.event {
        Event::AccountOpened { owner_email } => vec![Reaction::Notify(Notice {
            name: "welcome",
            to: owner_email.to_string(),
            subject: "Your account is open".into(),
            body: format!("Welcome! Your account {} is open.", it.id),
        })],
        Event::MoneyDeposited { .. } | Event::MoneyWithdrawn { .. } | Event::AccountClosed {} => vec![],
    }
}

fn tell_the_fraud_desk(it: &Recorded<Event>) -> Vec<Reaction> {
    match it.event {
        Event::MoneyWithdrawn { amount, .. } if i64::from(amount) >= LARGE_CENTS => {
            vec![Reaction::Notify(Notice {
                name: "notice",
                to: "fraud-desk".into(),
                subject: format!("{amount} was withdrawn"),
                body: format!("{amount} left account {} with version {}.", it.id, it.version),
            })]
        }
        Event::AccountOpened { .. }
        | Event::MoneyDeposited { .. }
        | Event::MoneyWithdrawn { .. }
        | Event::AccountClosed {} => vec![],
    }
}
