use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::*;
use crate::{
    Catalog, CatalogError, Commit, Context, Decided, Domain, Fingerprint, Listen, Order, Projection,
    Recorded, Shows, Sql,
};

/// Something of the notifications' name, and that is all it takes here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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

#[derive(Debug, Serialize, JsonSchema, Error)]
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

fn notify(_: &Recorded<Event>) -> [Notice; 1] {
    let (to, subject, body) = ("ada@example.com".into(), "Again".into(), "And again".into());
    [Notice { name: "echo", to, subject, body }]
}

fn hide(it: &Recorded<Event>) -> [Reaction; 1] {
    notify(it).map(Reaction::Notify)
}

fn ask_for_another(it: &Recorded<Event>) -> [Request; 1] {
    [Request::new::<Notification>("echo", it.event_id, &Command::Request {})]
}

fn deliver(_: &Recorded<Event>) -> [Deliver; 1] {
    [Deliver]
}

fn note(_: &Recorded<Event>) -> Vec<Sql> {
    vec![]
}

fn reactor(wakes: Vec<Handler<Reaction>>) -> Reactor {
    Reactor::new("echo", wakes)
}

fn catalog(wakes: Vec<Handler<Reaction>>) -> Result<Catalog, CatalogError> {
    Catalog::try_new([Domain::of::<Notification>().reacts(reactor(wakes))])
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
        events: Commit::number(
            id,
            0,
            0,
            vec![Decided { kind: "NotificationRequested".into(), schema: 1, data }],
        ),
    };
    StoredCommit { position: 7, place: 0, commit }
}

#[test]
fn a_reactor_that_may_answer_a_notification_with_one_is_refused() {
    for wakes in [
        Notification::when("NotificationRequested", notify),
        Notification::when("NotificationRequested", hide),
    ] {
        assert_eq!(catalog(vec![wakes]).unwrap_err(), CatalogError::MayBreed("echo".into()));
    }

    assert!(catalog(vec![Notification::when("NotificationRequested", deliver)]).is_ok());
    assert!(
        catalog(vec![Notification::when("NotificationRequested", ask_for_another)]).is_ok(),
        "a command is none of its business"
    );
}

#[test]
fn two_functions_on_one_event_are_refused() {
    let twice =
        |reader: &str| CatalogError::ReadTwice { reader: reader.into(), category: "notification".into() };
    let shows = Shows { table: "t", columns: &[], key: &[], order: Order::Ascending(&[]), filters: &[] };
    let reads = vec![Notification::on(note), Notification::on(note)];
    let view = Projection { view: "twins", version: 1, tables: "", shows, reads };

    let domain = Domain::of::<Notification>().shows(view);
    assert_eq!(Catalog::try_new([domain]).unwrap_err(), twice("twins"));
    let wakes = ["NotificationRequested"; 2].map(|event| Notification::when(event, deliver));
    assert_eq!(catalog(wakes.into()).unwrap_err(), twice("echo"));
}

#[test]
fn a_notification_about_a_notification_is_an_error_however_it_is_asked_for() {
    for wakes in [
        Notification::when("NotificationRequested", notify),
        Notification::when("NotificationRequested", ask_for_another),
    ] {
        let answer = reactor(vec![wakes]).react(&stored("notification")).map(|it| it.len());
        assert!(matches!(answer, Err(ReactError::Breeds("echo"))), "{answer:?}");
    }
}

#[test]
fn what_is_delivered_is_a_notification() {
    assert_eq!(
        reactor(vec![Notification::when("NotificationRequested", deliver)])
            .react(&stored("notification"))
            .unwrap()
            .len(),
        1
    );

    let mut elsewhere = Notification::when("NotificationRequested", deliver);
    elsewhere.category = "lamp";
    let answer = reactor(vec![elsewhere]).react(&stored("lamp")).map(|it| it.len());
    assert!(matches!(answer, Err(ReactError::NotANotification("echo"))), "{answer:?}");
}

#[test]
fn a_reactor_is_woken_by_the_events_that_it_names_and_no_others() {
    let unheard = CatalogError::Unknown { category: "notification".into(), name: "NotificationRead".into() };
    assert_eq!(catalog(vec![Notification::when("NotificationRead", deliver)]).unwrap_err(), unheard);

    let mut other = stored("notification");
    other.commit.events[0].kind = "NotificationSent".into();
    let delivery = reactor(vec![Notification::when("NotificationRequested", deliver)]);
    assert!(delivery.react(&other).unwrap().is_empty());
}
