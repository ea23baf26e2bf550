use annals_core::testing::Story;
use serde_json::json;

use super::*;

const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);

fn amount() -> Amount {
    Amount::try_from(60).unwrap()
}

fn request(from: Uuid, to: Uuid) -> Command {
    Command::Request { from, to, amount: amount() }
}

fn requested() -> Event {
    Event::TransferRequested { from: ADA, to: BOB, amount: amount() }
}

fn debit_recorded() -> Event {
    Event::DebitRecorded { to: BOB, amount: amount() }
}

fn credit_decline_recorded() -> Event {
    Event::CreditDeclineRecorded { from: ADA, reason: Reason::NotOpen }
}

fn completed() -> Event {
    Event::TransferCompleted { from: ADA, to: BOB, amount: amount() }
}

fn refused(reason: Reason) -> Event {
    Event::TransferRefused { reason }
}

fn record_debit_declined() -> Command {
    Command::RecordDebitDeclined { reason: Reason::InsufficientFunds }
}

fn record_credit_declined() -> Command {
    Command::RecordCreditDeclined { reason: Reason::NotOpen }
}

/// Every history that a transfer can have.
fn histories() -> [Vec<Event>; 7] {
    let debited = [requested(), debit_recorded()];
    let returning = [requested(), debit_recorded(), credit_decline_recorded()];
    [
        vec![],
        vec![requested()],
        debited.to_vec(),
        returning.to_vec(),
        [&debited[..], &[completed()]].concat(),
        vec![requested(), refused(Reason::InsufficientFunds)],
        [&returning[..], &[refused(Reason::NotOpen)]].concat(),
    ]
}

#[test]
fn a_transfer_is_requested_once() {
    let [blank, begun @ ..] = histories();
    Transfer::given(blank).when(request(ADA, BOB)).then([requested()]);
    for history in begun {
        for (from, to) in [(ADA, BOB), (ADA, ADA)] {
            Transfer::given(history.clone()).when(request(from, to)).refused(Refusal::AlreadyRequested);
        }
    }
}

#[test]
fn money_moves_between_two_accounts() {
    Transfer::given([]).when(request(ADA, ADA)).refused(Refusal::SameAccount);
}

#[test]
fn a_transfer_is_completed_when_the_payee_has_the_money() {
    Transfer::given([requested()]).when(Command::RecordDebited {}).then([debit_recorded()]);
    Transfer::given([requested(), debit_recorded()]).when(Command::RecordCredited {}).then([completed()]);
}

#[test]
fn a_transfer_is_refused_when_the_payer_cannot_pay() {
    Transfer::given([requested()]).when(record_debit_declined()).then([refused(Reason::InsufficientFunds)]);
}

#[test]
fn a_transfer_is_refused_when_the_payer_has_the_money_back() {
    Transfer::given([requested(), debit_recorded()])
        .when(record_credit_declined())
        .then([credit_decline_recorded()]);
    Transfer::given([requested(), debit_recorded(), credit_decline_recorded()])
        .when(Command::RecordReturned {})
        .then([refused(Reason::NotOpen)]);
}

#[test]
fn what_the_transfer_does_not_wait_for_changes_nothing() {
    let records = || {
        [
            Command::RecordDebited {},
            record_debit_declined(),
            Command::RecordCredited {},
            record_credit_declined(),
            Command::RecordReturned {},
        ]
    };
    let [_, requested, debited, returning, ..] = histories();
    let awaited = [(requested, [0, 1].as_slice()), (debited, &[2, 3]), (returning, &[4])];
    for history in histories() {
        let awaited = awaited.iter().find(|(at, _)| *at == history).map_or(&[][..], |(_, awaited)| awaited);
        for (number, command) in records().into_iter().enumerate() {
            if !awaited.contains(&number) {
                Transfer::given(history.clone()).when(command).nothing();
            }
        }
    }
}

#[test]
fn how_far_a_transfer_came_can_be_read() {
    let shown = histories().map(|history| serde_json::to_value(Transfer::given(history).state()).unwrap());
    let order = |status| json!({ "status": status, "from": ADA, "to": BOB, "amount": 60 });
    assert_eq!(
        shown,
        [
            json!({ "status": "unrequested" }),
            order("requested"),
            order("debited"),
            json!({ "status": "returning", "reason": "not-open" }),
            json!({ "status": "completed" }),
            json!({ "status": "refused", "reason": "insufficient-funds" }),
            json!({ "status": "refused", "reason": "not-open" }),
        ]
    );
}
