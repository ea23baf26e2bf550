use annals_core::testing::Story;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn email() -> Email {
    "ada@example.com".parse().unwrap()
}

pub fn cents(cents: i64) -> Amount {
    Amount::try_from(cents).unwrap()
}

pub fn holding(cents: i64) -> Balance {
    Balance::try_from(cents).unwrap()
}

pub fn opened() -> Event {
    Event::AccountOpened { owner_email: email() }
}

pub fn deposited(amount: i64, balance: i64) -> Event {
    Event::MoneyDeposited { amount: cents(amount), balance: holding(balance) }
}

pub fn withdrawn(amount: i64, balance: i64) -> Event {
    Event::MoneyWithdrawn { amount: cents(amount), balance: holding(balance) }
}

fn open() -> Command {
    Command::Open { owner_email: email() }
}

pub fn deposit(amount: i64) -> Command {
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
    let shown = |history: &[Event]| serde_json::to_value(Account::given(history.to_vec()).state()).unwrap();

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
        3 => (1_u128..4, 1_i64..1_000).prop_map(|(transfer, amount)| {
            Command::DebitForTransfer { transfer_id: Uuid::from_u128(transfer), amount: cents(amount) }
        }),
        2 => (1_u128..4, 1_i64..1_000).prop_map(|(transfer, amount)| {
            Command::CreditFromTransfer { transfer_id: Uuid::from_u128(transfer), amount: cents(amount) }
        }),
        1 => (1_u128..4).prop_map(|it| Command::SettleTransfer { transfer_id: Uuid::from_u128(it) }),
        1 => (1_u128..4).prop_map(|it| Command::ReturnTransfer { transfer_id: Uuid::from_u128(it) }),
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
                            Event::MoneyDeposited { amount, .. }
                            | Event::TransferCredited { amount, .. }
                            | Event::TransferReturned { amount, .. } => i64::from(amount),
                            Event::MoneyWithdrawn { amount, .. }
                            | Event::TransferDebited { amount, .. } => -i64::from(amount),
                            Event::AccountOpened { .. }
                            | Event::AccountClosed {}
                            | Event::TransferDebitDeclined { .. }
                            | Event::TransferCreditDeclined { .. }
                            | Event::TransferSettled { .. } => 0,
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
