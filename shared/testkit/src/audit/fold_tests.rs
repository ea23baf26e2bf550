use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::audit::chain::{Chain, SUBJECT};

const LOG: Uuid = Uuid::from_u128(8);
const ACCOUNT: Uuid = Uuid::from_u128(1);
const TIME: &str = "2026-11-21T09:30:00.000000Z";

/// Makes a log of one account's commits, one in each entry. What a test wants to be wrong, it changes.
struct Writer {
    chain: Chain,
    position: u64,
}

impl Writer {
    fn new() -> Self {
        Self { chain: Chain::new(LOG), position: 0 }
    }

    fn write(&mut self, kind: &str, data: &Value, wrong: impl FnOnce(&mut Value)) -> Stored {
        self.position += 1;
        let command = Uuid::from_u128(100 + (u128::from(self.position) << 16));
        let mut event = json!({
            "specversion": "1.0", "id": first_of(command), "source": format!("account/{ACCOUNT}"),
            "type": kind, "time": TIME, "version": self.position, "commandid": command, "data": data,
        });
        wrong(&mut event);
        self.store(&json!([event]))
    }

    fn store(&mut self, body: &Value) -> Stored {
        let (position, body) = (self.position, body.to_string().into_bytes());
        let headers = self.chain.headers(&body).map(|(name, value)| (name.to_owned(), value)).to_vec();
        let stored = Stored { position, subject: SUBJECT.to_owned(), headers, body };
        self.chain.take(&stored);
        stored
    }

    fn open(&mut self) -> Stored {
        self.write("AccountOpened", &json!({ "owner_email": "ada@example.com" }), |_| {})
    }

    fn deposit(&mut self, balance: u64, wrong: impl FnOnce(&mut Value)) -> Stored {
        self.write("MoneyDeposited", &json!({ "amount": 5, "balance": balance }), wrong)
    }
}

/// The command that opens the account.
const OPENING: Uuid = Uuid::from_u128(100 + (1 << 16));

/// The id of a command's first event.
fn first_of(command: Uuid) -> Uuid {
    Uuid::from_u128(command.as_u128() ^ 1)
}

/// What is said about a log in which an account is opened and something is paid in.
fn violations(wrong: impl FnOnce(&mut Value)) -> Vec<String> {
    let (mut writer, mut fold) = (Writer::new(), Fold::new(LOG));
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

/// What is said about a log in which an account is opened, and this comes after it.
fn said_of(then: impl FnOnce(&mut Writer) -> Vec<Stored>) -> Vec<String> {
    let (mut writer, mut fold) = (Writer::new(), Fold::new(LOG));
    fold.take(&writer.open());
    for stored in then(&mut writer) {
        fold.take(&stored);
    }
    fold.violations.shown
}

#[test]
fn a_message_that_does_not_belong_to_the_log_is_noticed() {
    let said = said_of(|writer| {
        let mut foreign = writer.deposit(5, |_| {});
        foreign.body.push(b' ');
        vec![foreign]
    });
    assert_eq!(said, ["at 2 on events.main: foreign, another hash than its own"]);
}

#[test]
fn a_lost_message_is_noticed() {
    let said = said_of(|writer| {
        writer.deposit(5, |_| {});
        vec![writer.deposit(10, |_| {}), writer.deposit(15, |_| {})]
    });
    assert_eq!(said, ["at 3 every reader stops: Gap(2, 2)"]);
}

#[test]
fn an_id_that_is_not_derived_is_noticed() {
    is_noticed("is not derived", |event| event["id"] = event["commandid"].clone());
}

#[test]
fn a_command_in_pieces_is_noticed() {
    let (command, other) = (Uuid::from_u128(7 << 16), Uuid::from_u128(3));
    let deposit = |place: u128, version: u64| {
        json!({
            "specversion": "1.0", "id": Uuid::from_u128(command.as_u128() ^ (place + 1)),
            "source": format!("account/{ACCOUNT}"), "time": TIME, "type": "MoneyDeposited", "version": version,
            "commandid": command, "correlationid": Uuid::from_u128(u128::from(version)),
            "data": { "amount": 5, "balance": 5 * (version - 1) },
        })
    };
    let mut elsewhere = deposit(1, 1);
    elsewhere["source"] = json!(format!("thing/{other}"));
    elsewhere["type"] = json!("Noted");
    let said = said_of(|writer| {
        writer.position += 1;
        vec![writer.store(&json!([deposit(0, 2), elsewhere, deposit(2, 3)]))]
    });
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("a command of several times or correlations"), "{said:?}");
    assert!(said[1].contains("a split commit"), "{said:?}");
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
    is_noticed("is there twice", |event| event["commandid"] = json!(OPENING));
    is_noticed("has happened before", |event| event["correlationid"] = json!(OPENING));
}

#[test]
fn a_sum_that_is_wrong_is_noticed() {
    is_noticed("is wrong", |event| event["data"]["balance"] = json!(6));
}

#[test]
fn money_that_comes_from_nowhere_is_noticed() {
    let (mut writer, mut fold) = (Writer::new(), Fold::new(LOG));
    fold.take(&writer.open());
    let credit = json!({ "amount": 5, "balance": 5, "transfer_id": Uuid::from_u128(3) });
    fold.take(&writer.write("TransferCredited", &credit, |_| {}));
    assert_eq!(
        fold.violations.shown[1..],
        ["at 2: 5 cents are held and 0 under way, but 0 were paid in".to_owned()]
    );
}

/// What is said about a log in which an account is opened, when clients were told this of it.
fn told(answer: impl FnOnce(&mut Ledger, Uuid, Acknowledged)) -> Vec<String> {
    let (mut fold, mut ledger, mut violations) = (Fold::new(LOG), Ledger::default(), Violations::default());
    fold.take(&Writer::new().open());
    let id = OPENING;
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
