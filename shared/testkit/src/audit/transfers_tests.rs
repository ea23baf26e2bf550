use super::*;

const TRANSFER: Uuid = Uuid::from_u128(1);
const PAYER: Uuid = Uuid::from_u128(2);
const PAYEE: Uuid = Uuid::from_u128(3);

fn event(kind: &str, subject: Uuid, data: &Value) -> Event {
    let json = json!({
        "specversion": "1.0", "id": TRANSFER, "source": format!("any/{subject}"), "type": kind,
        "time": "now", "version": 1, "commandid": TRANSFER, "data": data,
    });
    serde_json::from_value(json).unwrap()
}

fn on_transfer(kind: &str, data: &Value) -> Event {
    event(kind, TRANSFER, data)
}

fn on_account(account: Uuid, kind: &str, mut data: Value) -> Event {
    data["transfer_id"] = json!(TRANSFER);
    event(kind, account, &data)
}

/// The transfers after these events, and whether each of them can have happened.
fn after(events: impl IntoIterator<Item = Event>) -> (Transfers, Vec<bool>) {
    let mut transfers = Transfers::default();
    let right = events.into_iter().map(|event| transfers.apply(&event)).collect();
    (transfers, right)
}

fn requested() -> Event {
    on_transfer("TransferRequested", &json!({ "from": PAYER, "to": PAYEE, "amount": 5 }))
}

fn debited() -> Event {
    on_account(PAYER, "TransferDebited", json!({ "amount": 5, "balance": 0 }))
}

fn recorded() -> Event {
    on_transfer("DebitRecorded", &json!({ "to": PAYEE, "amount": 5 }))
}

fn credited() -> Event {
    on_account(PAYEE, "TransferCredited", json!({ "amount": 5, "balance": 5 }))
}

#[test]
fn a_transfer_that_is_completed_ends_when_it_is_settled() {
    let completed = on_transfer("TransferCompleted", &json!({ "from": PAYER, "to": PAYEE, "amount": 5 }));
    let settled = on_account(PAYER, "TransferSettled", json!({}));
    let (mut transfers, right) = after([requested(), debited(), recorded(), credited(), completed]);
    assert_eq!(right, [true; 5]);
    assert!(!transfers.are_settled(), "the debit is pending");
    assert!(transfers.apply(&settled) && transfers.are_settled());
    assert_eq!(transfers.rows().next().unwrap()["status"], "completed");
}

#[test]
fn a_transfer_that_comes_back_ends_refused() {
    let reason = json!({ "reason": "not-open" });
    let (transfers, right) = after([
        requested(),
        debited(),
        recorded(),
        on_account(PAYEE, "TransferCreditDeclined", reason.clone()),
        on_transfer("CreditDeclineRecorded", &json!({ "from": PAYER, "reason": "not-open" })),
        on_account(PAYER, "TransferReturned", json!({ "amount": 5, "balance": 5 })),
        on_transfer("TransferRefused", &reason),
    ]);
    assert_eq!((right, transfers.under_way()), (vec![true; 7], 0));
    assert!(transfers.are_settled());
    assert_eq!(transfers.rows().next().unwrap()["reason"], "not-open");
}

#[test]
fn money_is_under_way_from_the_debit_to_the_credit() {
    assert_eq!(after([requested()]).0.under_way(), 0);
    assert_eq!(after([requested(), debited(), recorded()]).0.under_way(), 5);
    assert_eq!(after([requested(), debited(), recorded(), credited()]).0.under_way(), 0);
}

#[test]
fn what_happens_twice_too_early_or_elsewhere_is_noticed() {
    let elsewhere = on_account(PAYEE, "TransferDebited", json!({ "amount": 5, "balance": 0 }));
    let more = on_account(PAYER, "TransferDebited", json!({ "amount": 6, "balance": 0 }));
    for (history, wrong) in [
        (vec![], debited()),
        (vec![requested()], requested()),
        (vec![requested()], credited()),
        (vec![requested()], elsewhere),
        (vec![requested()], more),
        (vec![requested(), debited()], debited()),
        (vec![requested(), debited(), recorded(), credited()], credited()),
    ] {
        let (mut transfers, right) = after(history);
        assert!(right.into_iter().all(|right| right) && !transfers.apply(&wrong), "{wrong:?}");
    }
}
