use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const ACCOUNT: Uuid = Uuid::from_u128(1);
const TIME: &str = "2026-11-21T09:30:00.000000Z";

/// Makes a log of one account's commits, well chained. What a test wants to be wrong, it changes.
#[derive(Default)]
struct Writer {
    position: u64,
    last: Option<Vec<u8>>,
}

impl Writer {
    fn write(&mut self, kind: &str, data: &Value, wrong: impl FnOnce(&mut Value)) -> Stored {
        self.position += 1;
        let id = Uuid::from_u128(100 + u128::from(self.position));
        let mut event = json!({
            "specversion": "1.0", "id": id, "source": format!("/v1/streams/account/{ACCOUNT}"), "type": kind,
            "subject": ACCOUNT, "time": TIME, "version": self.position, "commandid": id, "correlationid": id,
            "previoushash": self.last.as_deref().map(sha256), "data": data,
        });
        wrong(&mut event);
        let bytes = serde_json::to_vec(&json!([event])).unwrap();
        self.last = Some(bytes.clone());
        Stored { position: self.position, subject: format!("events.account.{ACCOUNT}"), bytes, member: None }
    }

    fn open(&mut self) -> Stored {
        self.write("AccountOpened", &json!({ "owner_email": "ada@example.com" }), |_| {})
    }

    fn deposit(&mut self, balance: u64, wrong: impl FnOnce(&mut Value)) -> Stored {
        self.write("MoneyDeposited", &json!({ "amount": 5, "balance": balance }), wrong)
    }
}

/// What is said about a log in which an account is opened and something is paid in.
fn violations(wrong: impl FnOnce(&mut Value)) -> Vec<String> {
    let (mut writer, mut fold) = (Writer::default(), Fold::default());
    fold.take(&writer.open());
    fold.take(&writer.deposit(5, wrong));
    fold.violations.shown
}

#[track_caller]
fn is_noticed(what: &str, wrong: impl FnOnce(&mut Value)) {
    let violations = violations(wrong);
    assert!(violations.iter().any(|violation| violation.contains(what)), "{violations:?}");
}

#[test]
fn a_sound_log_is_not_complained_about() {
    assert_eq!(violations(|_| {}), [""; 0]);
}

#[test]
fn a_broken_chain_is_noticed() {
    is_noticed("the hash chain is broken", |event| event["previoushash"] = json!("0".repeat(64)));
}

#[test]
fn a_gap_between_versions_is_noticed() {
    is_noticed("versions with gaps", |event| event["version"] = json!(3));
}

#[test]
fn time_that_goes_back_is_noticed() {
    is_noticed("time goes back", |event| event["time"] = json!("2026-11-21T09:29:59.999999Z"));
}

#[test]
fn a_command_that_is_there_twice_is_noticed() {
    is_noticed("is there twice", |event| event["commandid"] = json!(Uuid::from_u128(101)));
    is_noticed("has happened before", |event| event["correlationid"] = json!(Uuid::from_u128(101)));
}

#[test]
fn a_sum_that_is_wrong_is_noticed() {
    is_noticed("is wrong", |event| event["data"]["balance"] = json!(6));
}

#[test]
fn money_that_comes_from_nowhere_is_noticed() {
    let (mut writer, mut fold) = (Writer::default(), Fold::default());
    fold.take(&writer.open());
    let credit = json!({ "amount": 5, "balance": 5, "transfer_id": Uuid::from_u128(3) });
    fold.take(&writer.write("TransferCredited", &credit, |_| {}));
    assert_eq!(
        fold.violations.shown[1..],
        ["at 2: 5 cents are held and 0 under way, but 0 were paid in".to_owned()]
    );
}

#[test]
fn an_event_in_the_wrong_stream_is_noticed() {
    is_noticed("does not belong there", |event| event["subject"] = json!(Uuid::from_u128(2)));
}

#[test]
fn a_lost_message_is_noticed() {
    let (mut writer, mut fold) = (Writer::default(), Fold::default());
    fold.take(&writer.open());
    writer.position += 1;
    fold.take(&writer.deposit(5, |event| event["version"] = json!(2)));
    assert_eq!(fold.violations.shown, ["3 follows 1"]);
}

/// What is said about a log in which an account is opened, when clients were told this of it.
fn told(answer: impl FnOnce(&mut Ledger, Uuid, Acknowledged)) -> Vec<String> {
    let (mut fold, mut ledger, mut violations) = (Fold::default(), Ledger::default(), Violations::default());
    fold.take(&Writer::default().open());
    let id = Uuid::from_u128(101);
    answer(&mut ledger, id, Acknowledged { command_id: id, id: ACCOUNT, version: 1, position: 1 });
    fold.compare_with(&ledger, &mut violations);
    violations.shown
}

#[test]
fn clients_were_told_the_truth() {
    assert_eq!(told(Ledger::acknowledge), [""; 0]);
}

#[test]
fn what_clients_were_told_wrong_is_noticed() {
    let lost = told(|ledger, id, done| {
        ledger.acknowledge(id, done);
        let other = Uuid::from_u128(7);
        ledger.acknowledge(other, Acknowledged { command_id: other, position: 2, ..done });
    });
    assert!(lost[0].starts_with("acknowledged and lost"), "{lost:?}");

    let moved = told(|ledger, id, done| ledger.acknowledge(id, Acknowledged { version: 2, ..done }));
    assert!(moved[0].starts_with("told"), "{moved:?}");

    let turned_down = told(|ledger, id, _| ledger.turn_down(id));
    assert!(turned_down[0].starts_with("turned down, and yet carried out"), "{turned_down:?}");

    let unasked = told(|_, _, _| {});
    assert!(unasked[0].starts_with("nobody asked for"), "{unasked:?}");
}
