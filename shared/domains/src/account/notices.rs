//! Whom we tell when something happens to an account.

use annals_core::{Notice, Recorded};

use super::Event;

/// From here on a withdrawal is worth a second look.
const LARGE_CENTS: i64 = 10_000_00;

pub(super) fn greet_the_owner(it: &Recorded<Event>) -> Option<Notice> {
    let Event::AccountOpened { owner_email } = &it.event else { return None };
    Some(Notice {
        name: "welcome",
        to: owner_email.to_string(),
        subject: "Your account is open".into(),
        body: format!("Welcome! Your account {} is open.", it.id),
    })
}

pub(super) fn tell_the_fraud_desk(it: &Recorded<Event>) -> Option<Notice> {
    let Event::MoneyWithdrawn { amount, .. } = it.event else { return None };
    (i64::from(amount) >= LARGE_CENTS).then(|| Notice {
        name: "notice",
        to: "fraud-desk".into(),
        subject: format!("{amount} was withdrawn"),
        body: format!("{amount} left account {} with version {}.", it.id, it.version),
    })
}
