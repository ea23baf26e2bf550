//! What may be asked of an account, and what comes of it.

use annals_core::{Decider, values::Email};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::money::{Amount, Balance};

/// An account, from before it is opened until after it is closed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum Account {
    /// Nobody has opened it yet.
    #[default]
    Unopened,
    /// Money can move.
    Open { owner_email: Email, balance: Balance },
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
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Error)]
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
}

impl Decider for Account {
    const NAME: &'static str = "account";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Unopened, Command::Open { owner_email }) => Event::AccountOpened { owner_email },
            (Self::Open { .. }, Command::Open { .. }) => return Err(Refusal::AlreadyOpen),
            (Self::Closed, Command::Open { .. }) => return Err(Refusal::Closed),

            (&Self::Open { balance, .. }, Command::Deposit { amount }) => {
                let balance = balance.plus(amount).ok_or(Refusal::BalanceTooLarge)?;
                Event::MoneyDeposited { amount, balance }
            }

            (&Self::Open { balance, .. }, Command::Withdraw { amount }) => {
                let rest = balance.minus(amount).ok_or(Refusal::InsufficientFunds { balance, amount })?;
                Event::MoneyWithdrawn { amount, balance: rest }
            }

            (Self::Open { balance: Balance::ZERO, .. }, Command::Close {}) => Event::AccountClosed {},
            (&Self::Open { balance, .. }, Command::Close {}) => return Err(Refusal::NotEmpty { balance }),

            (
                Self::Unopened | Self::Closed,
                Command::Deposit { .. } | Command::Withdraw { .. } | Command::Close {},
            ) => return Err(Refusal::NotOpen),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::AccountOpened { owner_email }) => {
                Self::Open { owner_email: owner_email.clone(), balance: Balance::ZERO }
            }
            (
                Self::Open { owner_email, .. },
                &(Event::MoneyDeposited { balance, .. } | Event::MoneyWithdrawn { balance, .. }),
            ) => Self::Open { owner_email, balance },
            (_, Event::AccountClosed {}) => Self::Closed,
            (other, Event::MoneyDeposited { .. } | Event::MoneyWithdrawn { .. }) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use annals_core::testing::Story;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn email() -> Email {
        "ada@example.com".parse().unwrap()
    }

    fn cents(cents: i64) -> Amount {
        Amount::try_from(cents).unwrap()
    }

    fn holding(cents: i64) -> Balance {
        Balance::try_from(cents).unwrap()
    }

    fn opened() -> Event {
        Event::AccountOpened { owner_email: email() }
    }

    fn deposited(amount: i64, balance: i64) -> Event {
        Event::MoneyDeposited { amount: cents(amount), balance: holding(balance) }
    }

    fn withdrawn(amount: i64, balance: i64) -> Event {
        Event::MoneyWithdrawn { amount: cents(amount), balance: holding(balance) }
    }

    fn open() -> Command {
        Command::Open { owner_email: email() }
    }

    fn deposit(amount: i64) -> Command {
        Command::Deposit { amount: cents(amount) }
    }

    fn withdraw(amount: i64) -> Command {
        Command::Withdraw { amount: cents(amount) }
    }

    #[test]
    fn anybody_can_open_an_account_once() {
        Account::given([]).when(open()).then([opened()]);
        Account::given([opened()]).when(open()).refused(Refusal::AlreadyOpen);
    }

    #[test]
    fn a_closed_account_stays_closed() {
        Account::given([opened(), Event::AccountClosed {}]).when(open()).refused(Refusal::Closed);
    }

    #[test]
    fn money_paid_in_can_be_taken_out() {
        Account::given([opened()]).when(deposit(100)).then([deposited(100, 100)]);
        Account::given([opened(), deposited(100, 100)]).when(withdraw(40)).then([withdrawn(40, 60)]);
        Account::given([opened(), deposited(100, 100)]).when(withdraw(100)).then([withdrawn(100, 0)]);
    }

    #[test]
    fn the_balance_never_falls_below_zero() {
        Account::given([opened(), deposited(100, 100)])
            .when(withdraw(101))
            .refused(Refusal::InsufficientFunds { balance: holding(100), amount: cents(101) });
    }

    #[test]
    fn an_account_holds_no_more_than_can_be_counted() {
        let full = i64::from(Balance::MOST);
        Account::given([opened(), deposited(1, full)]).when(deposit(1)).refused(Refusal::BalanceTooLarge);
        Account::given([opened(), deposited(1, full - 1)]).when(deposit(1)).then([deposited(1, full)]);
    }

    #[test]
    fn only_an_empty_account_can_be_closed() {
        Account::given([opened()]).when(Command::Close {}).then([Event::AccountClosed {}]);
        Account::given([opened(), deposited(5, 5)])
            .when(Command::Close {})
            .refused(Refusal::NotEmpty { balance: holding(5) });
    }

    #[test]
    fn money_moves_only_while_an_account_is_open() {
        for history in [vec![], vec![opened(), Event::AccountClosed {}]] {
            for command in [deposit(1), withdraw(1), Command::Close {}] {
                Account::given(history.clone()).when(command).refused(Refusal::NotOpen);
            }
        }
    }

    #[test]
    fn a_person_can_read_why_not() {
        let refusal = Refusal::InsufficientFunds { balance: holding(1_50), amount: cents(10_00) };
        assert_eq!(refusal.to_string(), "The account holds 1.50, which is less than 10.00.");
    }

    #[test]
    fn people_read_the_state_as_json() {
        let shown =
            |history: &[Event]| serde_json::to_value(Account::given(history.to_vec()).state()).unwrap();

        assert_eq!(shown(&[]), json!({ "status": "unopened" }));
        assert_eq!(
            shown(&[opened(), deposited(500, 500)]),
            json!({ "status": "open", "owner_email": "ada@example.com", "balance": 500 })
        );
        assert_eq!(shown(&[opened(), Event::AccountClosed {}]), json!({ "status": "closed" }));
    }

    fn any_command() -> impl Strategy<Value = Command> {
        prop_oneof![
            1 => Just(open()),
            4 => (1_i64..1_000).prop_map(deposit),
            4 => (1_i64..1_000).prop_map(withdraw),
            1 => Just(Command::Close {}),
        ]
    }

    proptest! {
        #[test]
        fn money_is_never_made_or_lost(commands in prop::collection::vec(any_command(), 0..60)) {
            let (mut account, mut history, mut expected) = (Account::default(), Vec::new(), 0);
            for command in commands {
                let before = account.clone();
                match account.decide(command) {
                    Err(_) => prop_assert_eq!(&account, &before),
                    Ok(events) => {
                        for event in events {
                            expected += match event {
                                Event::MoneyDeposited { amount, .. } => i64::from(amount),
                                Event::MoneyWithdrawn { amount, .. } => -i64::from(amount),
                                Event::AccountOpened { .. } | Event::AccountClosed {} => 0,
                            };
                            account = account.evolve(&event);
                            history.push(event);
                        }
                    }
                }
                prop_assert!(expected >= 0);
                if let Account::Open { balance, .. } = &account {
                    prop_assert_eq!(i64::from(*balance), expected);
                }
            }
            prop_assert_eq!(Account::given(history).state(), account);
        }
    }
}
