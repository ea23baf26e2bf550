//! The log as it grows: nothing lost, nothing twice.

use std::{fmt::Write, time::Duration};

use annals_client::{Error, Live, Repeat};
use annals_domains::account::{Account, Event};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    fake::{Fake, answer, nothing, problem},
    reads::event,
};

/// A connection on which these blocks come, until it breaks.
fn stream(blocks: &[String]) -> String {
    let head = "HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    format!("{head}retry: 1\n\n{}", blocks.concat())
}

/// A block with an event, and an id if it is the last one of its commit.
fn told(position: u64, version: u64, is_last: bool) -> String {
    let mut block = format!("event: MoneyDeposited\ndata: {}\n", event(position, version));
    if is_last {
        writeln!(block, "id: {position}").unwrap();
    }
    block + "\n"
}

fn mark(position: u64) -> String {
    format!("id: {position}\n\n")
}

async fn next(live: &mut Live) -> Option<(u64, u64)> {
    live.next().await.unwrap().map(|event| (event.position, event.version))
}

fn resumed(fake: &Fake) -> Vec<String> {
    fake.requests().iter().map(|request| request.header("last-event-id").to_owned()).collect()
}

#[tokio::test]
async fn a_broken_connection_is_made_again_where_it_broke() {
    let fake = Fake::answering([
        stream(&[told(3, 1, true), told(5, 2, false), told(5, 3, false)]),
        nothing(),
        problem(503, "unavailable"),
        stream(&[told(5, 2, false), told(5, 3, false), told(5, 4, true), mark(9)]),
        stream(&["data: {\"id\": \"cut".into()]),
        stream(&[told(12, 5, true)]),
    ]);
    let fake = fake.await;
    let mut live = fake.client().events().after(2).category("account").live();

    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push((next(&mut live).await.unwrap(), live.position()));
    }
    assert_eq!(seen, [((3, 1), 3), ((5, 2), 3), ((5, 3), 3), ((5, 4), 5), ((12, 5), 12)]);
    assert_eq!(resumed(&fake), ["2", "3", "3", "3", "9", "9"]);
    for request in fake.requests() {
        assert_eq!(request.line(), "GET /v1/events?category=account");
        assert_eq!(request.header("accept"), "text/event-stream");
    }
}

#[tokio::test]
async fn events_are_read_as_their_domain_knows_them() {
    let fake = Fake::answering([stream(&[told(3, 1, true)])]).await;
    let event = fake.client().events().live().next().await.unwrap().unwrap();
    let Ok(Event::MoneyDeposited { amount, .. }) = event.read::<Account>() else { panic!("{event:?}") };
    assert_eq!(i64::from(amount), 1);
    assert!(event.read::<annals_domains::post::Post>().is_err());
}

#[tokio::test]
async fn it_ends_where_it_was_told_to_end() {
    let fake = Fake::answering([stream(&[told(3, 1, true)]), stream(&[mark(8)])]).await;
    let mut live = fake.client().events().until(8).live();
    assert_eq!(next(&mut live).await, Some((3, 1)));
    assert_eq!((next(&mut live).await, next(&mut live).await), (None, None));
    assert_eq!(fake.requests()[1].line(), "GET /v1/events?until=8");
}

#[tokio::test]
async fn an_error_is_told_and_asked_again_it_goes_on() {
    let fake = Fake::answering([
        stream(&[told(3, 1, true)]),
        problem(503, "event-quarantined"),
        stream(&[told(4, 2, true)]),
    ]);
    let fake = fake.await;
    let mut live = fake.client().patient_for(Duration::from_secs(3)).events().live();
    assert_eq!(next(&mut live).await, Some((3, 1)));
    let error = live.next().await.unwrap_err();
    assert!(matches!(&error, Error::Problem(problem) if problem.code == "event-quarantined"), "{error}");
    assert_eq!(next(&mut live).await, Some((4, 2)));
    assert_eq!(resumed(&fake), ["0", "3", "3"]);
    assert_eq!(live.next().await.unwrap_err().repeat(), Repeat::Later, "nobody is there any more");
}

#[tokio::test]
async fn a_block_that_is_no_event_is_told() {
    let fake = Fake::answering([stream(&["data: {}\nid: 7\n\n".into()])]).await;
    let mut live = fake.client().events().live();
    assert!(matches!(live.next().await.unwrap_err(), Error::Unreadable(_)));
    assert_eq!(live.position(), 0);
}

#[tokio::test]
async fn what_could_not_be_read_is_never_passed_over() {
    let unreadable = || stream(&["data: {}\nid: 7\n\n".into(), told(8, 2, true)]);
    let fake = Fake::answering([unreadable(), unreadable(), stream(&[told(7, 1, true), told(8, 2, true)])]);
    let fake = fake.await;
    let mut live = fake.client().events().after(6).live();
    for _ in 0..2 {
        assert!(matches!(live.next().await.unwrap_err(), Error::Unreadable(_)));
    }
    assert_eq!((next(&mut live).await, next(&mut live).await), (Some((7, 1)), Some((8, 2))));
    assert_eq!(resumed(&fake), ["6", "6", "6"]);
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_told() {
    let page = answer(200, "content-type: application/json\r\n", &json!({ "events": [], "next": 3 }));
    let fake = Fake::answering([page]).await;
    let error = fake.client().events().live().next().await.unwrap_err();
    assert!(matches!(error, Error::Foreign { status: 200, .. }), "{error}");
}

#[tokio::test]
async fn connections_on_which_nothing_comes_are_not_made_for_ever() {
    let fake = Fake::answering(vec![stream(&[]).replace("retry: 1\n\n", ""); 1000]).await;
    let mut live = fake.client().patient_for(Duration::from_secs(3)).events().live();
    let error = timeout(Duration::from_mins(1), live.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    assert!(fake.requests().len() > 1);
}
