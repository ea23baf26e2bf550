//! Reads: page by page, and never older than what was written in the session.

use std::time::Duration;

use annals_client::{Error, Repeat, When};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, Request, answer, nothing, problem};

const ID: Uuid = Uuid::from_u128(1);

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Row {
    balance: u64,
}

fn rows(balances: &[u64], next: Option<&str>) -> String {
    let rows: Vec<_> = balances.iter().map(|balance| json!({ "balance": balance })).collect();
    answer(200, "annals-position: 7\r\n", &json!({ "rows": rows, "next": next }))
}

pub fn event(position: u64, version: u64) -> Value {
    json!({
        "id": Uuid::from_u128(9), "type": "MoneyDeposited", "category": "account", "stream_id": ID, "version": version,
        "position": position, "place": version, "schema": 1, "recorded_at": "2026-11-21T09:30:00.123456Z", "correlation_id": ID,
        "causation_id": ID, "actor": "anonymous", "metadata": {}, "data": { "amount": 1, "balance": 1 },
    })
}

fn lines(fake: &Fake) -> Vec<String> {
    fake.requests().iter().map(|request| request.line().to_owned()).collect()
}

#[tokio::test]
async fn rows_are_fetched_page_by_page() {
    let fake = Fake::answering([rows(&[1, 2], Some("a=&b")), rows(&[], Some("c")), rows(&[3], None)]).await;
    let view = fake.client().view("balances").filter("owner_email", "ada@example.com").limit(2);
    let all: Vec<Row> = view.rows().try_collect().await.unwrap();
    assert_eq!(all, [1, 2, 3].map(|balance| Row { balance }));
    let same = "GET /v1/views/balances?owner_email=ada%40example.com&limit=2";
    assert_eq!(lines(&fake), [same.into(), format!("{same}&cursor=a%3D%26b"), format!("{same}&cursor=c")]);
}

#[tokio::test]
async fn a_row_is_there_or_it_is_not() {
    let row = || answer(200, "", &json!({ "balance": 3 }));
    let fake = Fake::answering([row(), problem(404, "not-found"), problem(404, "unknown-view"), row()]).await;
    let view = fake.client().view("balances");
    assert_eq!(view.row("a:b/c").await.unwrap(), Some(Row { balance: 3 }));
    assert_eq!(view.row::<Row>("x").await.unwrap(), None);
    let error = view.row::<Row>("x").await.unwrap_err();
    assert_eq!((error.repeat(), error.to_string()), (Repeat::InVain, "404 unknown-view: No.".into()));
    assert!(matches!(view.row::<u64>("x").await.unwrap_err(), Error::Unreadable(_)));
    assert_eq!(lines(&fake)[0], "GET /v1/views/balances/a:b%2Fc");
}

#[tokio::test]
async fn a_key_that_an_address_would_lose_names_no_row() {
    let fake = Fake::answering([rows(&[], None)]).await;
    for key in [".", "..", ".\t.", "a\nb", "a\rb"] {
        assert_eq!(fake.client().view("balances").row::<Value>(key).await.unwrap(), None, "{key:?}");
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_session_reads_what_it_has_written() {
    let done = json!({
        "command_id": ID, "category": "account", "id": ID, "version": 2, "position": 9, "events": [],
    });
    let written = answer(200, "annals-position: 9\r\n", &done);
    let fake = Fake::answering([written, rows(&[], None), rows(&[], None), rows(&[], None)]).await;
    let client = fake.client();
    let session = client.session();
    session.give_named("account", ID, "close", json!({})).await.unwrap();
    session.view("balances").page::<Row>().await.unwrap();
    session.view("balances").at_least(12).page::<Row>().await.unwrap();
    client.view("balances").page::<Row>().await.unwrap();

    let asked: Vec<_> =
        fake.requests().iter().map(|request| request.header("annals-min-position").to_owned()).collect();
    assert_eq!(asked, ["", "9", "12", ""]);
}

#[tokio::test]
async fn a_session_shows_whatever_was_answered_in_it() {
    let page = |position: u64| {
        answer(
            200,
            "",
            &json!({ "events": [event(position, 1)], "next": position, "end": true, "version": 1 }),
        )
    };
    let state = answer(200, "", &json!({ "version": 2, "position": 5, "state": { "balance": 3 } }));
    let followed =
        format!("HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\n\r\ndata: {}\n\n", event(6, 1));
    let none = || rows(&[], None).replace("annals-position: 7\r\n", "");
    let fake = Fake::answering([page(3), none(), page(4), none(), state, none(), followed, none()]).await;
    let session = fake.client().session();
    let look = async || session.view("balances").page::<Row>().await.unwrap();

    session.events().page(10).await.unwrap();
    look().await;
    session.stream("account", ID).page().await.unwrap();
    look().await;
    session.stream("account", ID).state::<Row>(When::Now).await.unwrap();
    look().await;
    session.events().live().next().await.unwrap();
    look().await;

    let asked: Vec<_> =
        fake.requests().iter().map(|it| it.header("annals-min-position").to_owned()).collect();
    assert_eq!(asked, ["", "3", "", "4", "", "5", "", "6"]);
}

#[tokio::test]
async fn a_read_waits_no_longer_than_it_is_waited_for() {
    let fake = Fake::answering(vec![rows(&[], None); 4]).await;
    for (patience_s, at_least) in [(60, 3), (9, 3), (3, 3), (60, 0)] {
        let client = fake.client().patient_for(Duration::from_secs(patience_s));
        client.view("balances").at_least(at_least).page::<Row>().await.unwrap();
    }
    let asked: Vec<_> = fake.requests().iter().map(|it| it.header("prefer").to_owned()).collect();
    assert_eq!(asked, ["wait=2", "wait=1", "wait=0", ""]);
}

#[tokio::test]
async fn a_read_is_repeated_until_it_is_answered() {
    let fake = Fake::answering([problem(503, "projection-behind"), nothing(), rows(&[1], None)]).await;
    assert_eq!(fake.client().view("balances").page::<Row>().await.unwrap().rows.len(), 1);

    let fake = Fake::answering([problem(503, "event-quarantined")]).await;
    let error = fake.client().view("balances").page::<Row>().await.unwrap_err();
    assert_eq!(error.to_string(), "503 event-quarantined: No.", "it stays for longer");
}

#[tokio::test]
async fn a_stream_is_fetched_page_by_page() {
    let first = json!({ "events": [event(3, 1), event(3, 2)], "version": 3, "next": 2 });
    let second = json!({ "events": [event(8, 3)], "version": 3, "next": null });
    let fake =
        Fake::answering([answer(200, "", &first), answer(200, "", &second), problem(404, "not-found")]);
    let fake = fake.await;
    let client = fake.client();
    let since = "2026-11-21T09:30:00Z".parse().unwrap();
    let events: Vec<_> =
        client.stream("account", ID).since(since).limit(2).events().try_collect().await.unwrap();
    assert_eq!(events.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(client.stream("account", ID).page().await.unwrap().is_none());

    let path = format!("GET /v1/streams/account/{ID}");
    assert_eq!(lines(&fake)[1], format!("{path}?after=2&since=2026-11-21T09%3A30%3A00Z&limit=2"));
    assert_eq!(lines(&fake)[2], format!("{path}?after=0"));
}

#[tokio::test]
async fn a_state_is_asked_for_as_of_now_or_then() {
    let state = || answer(200, "", &json!({ "version": 2, "position": 5, "state": { "balance": 3 } }));
    let fake = Fake::answering([state(), state(), state(), problem(404, "not-found")]).await;
    let stream = fake.client().stream("account", ID);
    let time = "2026-11-21T09:30:00Z".parse().unwrap();
    for when in [When::Now, When::Version(2), When::At(time)] {
        let state = stream.state::<Row>(when).await.unwrap().unwrap();
        assert_eq!((state.version, state.position, state.state.balance), (2, 5, 3));
    }
    assert!(stream.state::<Row>(When::Version(7)).await.unwrap().is_none());
    let asked: Vec<_> = fake
        .requests()
        .iter()
        .map(Request::line)
        .map(|line| line.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(asked, ["state", "state?version=2", "state?at=2026-11-21T09%3A30%3A00Z", "state?version=7"]);
}

#[tokio::test]
async fn the_log_is_fetched_to_its_end_from_wherever_a_page_ends() {
    let page = |events: Value, next: Value, end: bool| {
        answer(200, "", &json!({ "events": events, "next": next, "end": end }))
    };
    let fake = Fake::answering([
        page(json!([event(5, 1)]), json!("5.10"), false),
        page(json!([event(5, 11)]), json!(5), false),
        page(json!([event(10_007, 2)]), json!(10_009), true),
    ]);
    let fake = fake.await;
    let events = fake.client().events().after(2).until(20_000).types(["MoneyDeposited", "MoneyWithdrawn"]);
    let events = events.category("account").correlated_with(ID).caused_by(ID);
    let all: Vec<_> = events.all().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|event| event.position).collect::<Vec<_>>(), [5, 5, 10_007]);
    let asked = format!(
        "GET /v1/events?type=MoneyDeposited%2CMoneyWithdrawn&category=account&correlation_id={ID}&causation_id={ID}\
         &until=20000"
    );
    assert_eq!(lines(&fake), ["2", "5.10", "5"].map(|after| format!("{asked}&after={after}&limit=500")));
}

#[tokio::test]
async fn an_event_is_there_or_it_is_not() {
    let fake = Fake::answering([answer(200, "", &event(5, 1)), problem(404, "not-found")]).await;
    let session = fake.client().session();
    assert_eq!(session.event(ID).await.unwrap().unwrap().position, 5);
    assert!(session.event(ID).await.unwrap().is_none());
    assert_eq!(lines(&fake)[0], format!("GET /v1/events/{ID}"));
}
