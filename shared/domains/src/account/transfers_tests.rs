use annals_core::testing::Story;
use serde_json::json;

use super::*;
use crate::account::{
    Command, Refusal,
    rules::tests::{cents, deposit, deposited, holding, opened, withdrawn},
};

const FIRST: Uuid = Uuid::from_u128(1);
const SECOND: Uuid = Uuid::from_u128(2);

fn debit(transfer_id: Uuid, amount: i64) -> Command {
    Command::DebitForTransfer { transfer_id, amount: cents(amount) }
}

fn debited(transfer_id: Uuid, amount: i64, balance: i64) -> Event {
    Event::TransferDebited { amount: cents(amount), balance: holding(balance), transfer_id }
}

fn credit(transfer_id: Uuid, amount: i64) -> Command {
    Command::CreditFromTransfer { transfer_id, amount: cents(amount) }
}

fn credited(transfer_id: Uuid, amount: i64, balance: i64) -> Event {
    Event::TransferCredited { amount: cents(amount), balance: holding(balance), transfer_id }
}

fn settle(transfer_id: Uuid) -> Command {
    Command::SettleTransfer { transfer_id }
}

fn settled(transfer_id: Uuid) -> Event {
    Event::TransferSettled { transfer_id }
}

fn give_back(transfer_id: Uuid) -> Command {
    Command::ReturnTransfer { transfer_id }
}

fn returned(transfer_id: Uuid, amount: i64, balance: i64) -> Event {
    Event::TransferReturned { amount: cents(amount), balance: holding(balance), transfer_id }
}

#[test]
fn a_transfer_takes_out_what_is_there() {
    let history = || [opened(), deposited(100, 100)];
    Account::given(history()).when(debit(FIRST, 100)).then([debited(FIRST, 100, 0)]);
    let reason = Reason::InsufficientFunds;
    Account::given(history())
        .when(debit(FIRST, 101))
        .then([Event::TransferDebitDeclined { reason, transfer_id: FIRST }]);
}

#[test]
fn a_transfer_brings_what_fits() {
    let full = i64::from(Balance::MOST);
    Account::given([opened()]).when(credit(FIRST, 5)).then([credited(FIRST, 5, 5)]);
    Account::given([opened(), deposited(1, full - 1)])
        .when(credit(FIRST, 1))
        .then([credited(FIRST, 1, full)]);
    let reason = Reason::BalanceTooLarge;
    Account::given([opened(), deposited(1, full)])
        .when(credit(FIRST, 1))
        .then([Event::TransferCreditDeclined { reason, transfer_id: FIRST }]);
}

#[test]
fn an_account_that_is_not_open_declines() {
    let reason = Reason::NotOpen;
    for history in [vec![], vec![opened(), Event::AccountClosed {}]] {
        Account::given(history.clone())
            .when(debit(FIRST, 1))
            .then([Event::TransferDebitDeclined { reason, transfer_id: FIRST }]);
        Account::given(history)
            .when(credit(FIRST, 1))
            .then([Event::TransferCreditDeclined { reason, transfer_id: FIRST }]);
    }
}

#[test]
fn what_was_declined_changes_nothing() {
    let declined = Event::TransferDebitDeclined { reason: Reason::NotOpen, transfer_id: FIRST };
    assert_eq!(Account::given([declined]).state(), Account::Unopened);
}

#[test]
fn what_was_taken_out_comes_back_once() {
    let history = || [opened(), deposited(100, 100), debited(FIRST, 60, 40), withdrawn(40, 0)];
    Account::given(history()).when(give_back(FIRST)).then([returned(FIRST, 60, 60)]);
    let ends = [returned(FIRST, 60, 60), settled(FIRST)];
    for end in ends {
        for command in [give_back(FIRST), settle(FIRST)] {
            Account::given(history().into_iter().chain([end.clone()])).when(command).nothing();
        }
    }
}

#[test]
fn an_unknown_transfer_neither_comes_back_nor_is_settled() {
    for history in [vec![], vec![opened(), debited(FIRST, 1, 0)], vec![opened(), Event::AccountClosed {}]] {
        for command in [give_back(SECOND), settle(SECOND)] {
            Account::given(history.clone()).when(command).nothing();
        }
    }
}

#[test]
fn a_transfer_is_debited_once() {
    let history = [opened(), deposited(100, 100), debited(FIRST, 60, 40)];
    Account::given(history).when(debit(FIRST, 60)).nothing();
}

#[test]
fn room_is_kept_for_what_may_come_back() {
    let full = i64::from(Balance::MOST);
    let history =
        || vec![opened(), deposited(1, full), debited(FIRST, 3, full - 3), debited(SECOND, 2, full - 5)];
    let declined = Event::TransferCreditDeclined { reason: Reason::BalanceTooLarge, transfer_id: FIRST };
    Account::given(history()).when(deposit(1)).refused(Refusal::BalanceTooLarge);
    Account::given(history()).when(credit(FIRST, 1)).then([declined]);

    let settled = || history().into_iter().chain([settled(FIRST)]);
    Account::given(settled()).when(deposit(3)).then([deposited(3, full - 2)]);
    Account::given(settled()).when(deposit(4)).refused(Refusal::BalanceTooLarge);
}

#[test]
fn an_account_closes_when_its_transfers_have_ended() {
    let close = || Command::Close {};
    let history = || vec![opened(), deposited(60, 60), debited(FIRST, 60, 0)];
    Account::given(history()).when(close()).refused(Refusal::TransferPending);
    Account::given(history().into_iter().chain([settled(FIRST)]))
        .when(close())
        .then([Event::AccountClosed {}]);
    let balance = holding(60);
    Account::given(history().into_iter().chain([returned(FIRST, 60, 60)]))
        .when(close())
        .refused(Refusal::NotEmpty { balance });
}

#[test]
fn what_is_pending_can_be_read() {
    let history = [opened(), deposited(100, 100), debited(FIRST, 60, 40)];
    let shown = serde_json::to_value(Account::given(history).state()).unwrap();
    assert_eq!(shown["pending"], json!({ FIRST.to_string(): 60 }));
}

#[test]
fn reasons_are_called_the_same_everywhere() {
    for reason in [Reason::NotOpen, Reason::InsufficientFunds, Reason::BalanceTooLarge] {
        let SqlValue::Text(words) = reason.into() else { panic!("not a text") };
        assert_eq!(json!(reason), json!(words));
    }
}
