use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::*;
use crate::{
    Catalog, CatalogError, Commit, Context, Decided, Domain, Fingerprint, Listen, Order, Projection,
    Recorded, Shows, Sql,
};

/// Something of the notifications' name, and that is all it takes here.
#[derive(Debug, Default, Serialize)]
struct Notification;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Command {
    Request {},
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
enum Event {
    NotificationRequested {},
}

#[derive(Debug, Serialize, Error)]
enum Refusal {}

impl Decider for Notification {
    const NAME: &'static str = "notification";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, _: Command) -> Result<Vec<Event>, Refusal> {
        Ok(vec![Event::NotificationRequested {}])
    }

    fn evolve(self, _: &Event) -> Self {
        self
    }
}

fn notify(_: &Recorded<Event>) -> Vec<Reaction> {
    let (to, subject, body) = ("ada@example.com".into(), "Again".into(), "And again".into());
    vec![Reaction::Notify(Notice { name: "echo", to, subject, body })]
}

fn ask_for_another(it: &Recorded<Event>) -> Vec<Request> {
    vec![Request::new::<Notification>("echo", it.event_id, &Command::Request {})]
}

fn deliver(_: &Recorded<Event>) -> Vec<Deliver> {
    vec![Deliver]
}

fn note(_: &Recorded<Event>) -> Vec<Sql> {
    vec![]
}

fn reactor(reads: Vec<Handler<Reaction>>) -> Reactor {
    Reactor { name: "echo", from: Start::Beginning, reads }
}

fn catalog(reads: Vec<Handler<Reaction>>) -> Result<Catalog, CatalogError> {
    Catalog::try_new([Domain::of::<Notification>().reacts(reactor(reads))])
}

/// A commit of one event, stored in a category of any name.
fn stored(category: &str) -> StoredCommit {
    let id = Uuid::from_u128(1);
    let data = serde_json::value::to_raw_value(&json!({})).unwrap();
    let commit = Commit {
        id,
        stream: StreamId::new(category, id),
        recorded_at: Timestamp::UNIX_EPOCH,
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "test".into(),
            metadata: Map::new(),
            trace: None,
        },
        fingerprint: Fingerprint::of("request", &json!({})),
        previous_hash: None,
        events: Commit::place(id, 0, vec![Decided { kind: "NotificationRequested".into(), schema: 1, data }]),
    };
    StoredCommit::decode(7, &commit.encode().unwrap()).unwrap()
}

#[test]
fn a_reactor_that_may_answer_a_notification_with_one_is_refused() {
    let refused = catalog(vec![Notification::on(notify)]).unwrap_err();
    assert_eq!(refused, CatalogError::MayBreed("echo".into()));

    assert!(catalog(vec![Notification::on(deliver)]).is_ok());
    assert!(catalog(vec![Notification::on(ask_for_another)]).is_ok(), "a command is none of its business");
}

#[test]
fn two_functions_on_one_category_are_refused() {
    let twice =
        |reader: &str| CatalogError::ReadTwice { reader: reader.into(), category: "notification".into() };
    let shows = Shows { table: "t", columns: &[], key: &[], order: Order::Ascending(&[]), filters: &[] };
    let reads = vec![Notification::on(note), Notification::on(note)];
    let view = Projection { view: "twins", version: 1, tables: "", shows, reads };

    let domain = Domain::of::<Notification>().shows(view);
    assert_eq!(Catalog::try_new([domain]).unwrap_err(), twice("twins"));
    let reads = vec![Notification::on(deliver), Notification::on(ask_for_another)];
    assert_eq!(catalog(reads).unwrap_err(), twice("echo"));
}

#[test]
fn a_notification_about_a_notification_is_an_error_however_it_is_asked_for() {
    for reads in [Notification::on(notify), Notification::on(ask_for_another)] {
        let answer = reactor(vec![reads]).react(&stored("notification")).map(|it| it.len());
        assert!(matches!(answer, Err(ReactError::Breeds("echo"))), "{answer:?}");
    }
}

#[test]
fn what_is_delivered_is_a_notification() {
    assert_eq!(reactor(vec![Notification::on(deliver)]).react(&stored("notification")).unwrap().len(), 1);

    let mut elsewhere = Notification::on(deliver);
    elsewhere.category = "lamp";
    let answer = reactor(vec![elsewhere]).react(&stored("lamp")).map(|it| it.len());
    assert!(matches!(answer, Err(ReactError::NotANotification("echo"))), "{answer:?}");
}
