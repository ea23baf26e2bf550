//! The log as it grows: nothing lost, nothing twice.

use std::time::Duration;

use annals_client::{Address, Error, Live, Repeat};
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

/// A block with an event; its place is its version.
fn sent(position: u64, version: u64) -> String {
    let data = event(position, version);
    format!("event: MoneyDeposited\ndata: {data}\nid: {position}.{version}\n\n")
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
        stream(&[sent(3, 1), sent(5, 2), sent(5, 3)]),
        nothing(),
        problem(503, "unavailable"),
        stream(&[sent(5, 3), sent(5, 4), mark(9)]),
        stream(&["data: {\"id\": \"cut".into()]),
        stream(&[sent(12, 5)]),
    ]);
    let fake = fake.await;
    let mut live = fake.client().events().after(2).category("account").live();

    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push((next(&mut live).await.unwrap(), live.reached().to_string()));
    }
    let expected = [(3, 1), (5, 2), (5, 3), (5, 4), (12, 5)];
    assert_eq!(seen, expected.map(|(position, place)| ((position, place), format!("{position}.{place}"))));
    assert_eq!(resumed(&fake), ["2", "5.3", "5.3", "5.3", "9", "9"]);
    for request in fake.requests() {
        assert_eq!(request.line(), "GET /v1/events?category=account");
        assert_eq!(request.header("accept"), "text/event-stream");
    }
}

#[tokio::test]
async fn what_was_saved_goes_on_in_the_middle_of_an_entry() {
    let fake = Fake::answering([stream(&[sent(5, 2)])]).await;
    let saved: Address = "5.1".parse().unwrap();
    assert_eq!(next(&mut fake.client().events().resume_after(saved).live()).await, Some((5, 2)));
    assert_eq!(resumed(&fake), ["5.1"]);
}

#[tokio::test]
async fn events_are_read_as_their_domain_knows_them() {
    let fake = Fake::answering([stream(&[sent(3, 1)])]).await;
    let event = fake.client().events().live().next().await.unwrap().unwrap();
    let Ok(Event::MoneyDeposited { amount, .. }) = event.read::<Account>() else { panic!("{event:?}") };
    assert_eq!(i64::from(amount), 1);
    assert!(event.read::<annals_domains::post::Post>().is_err());
}

#[tokio::test]
async fn it_ends_with_until() {
    let fake = Fake::answering([stream(&[sent(3, 1)]), stream(&[mark(8)])]).await;
    let mut live = fake.client().events().until(8).live();
    assert_eq!(next(&mut live).await, Some((3, 1)));
    assert_eq!((next(&mut live).await, next(&mut live).await), (None, None));
    assert_eq!(fake.requests()[1].line(), "GET /v1/events?until=8");
}

#[tokio::test]
async fn an_error_is_returned_and_asked_again_it_goes_on() {
    let fake =
        Fake::answering([stream(&[sent(3, 1)]), problem(503, "event-quarantined"), stream(&[sent(4, 2)])]);
    let fake = fake.await;
    let mut live = fake.client().patient_for(Duration::from_secs(3)).events().live();
    assert_eq!(next(&mut live).await, Some((3, 1)));
    let error = live.next().await.unwrap_err();
    assert!(matches!(&error, Error::Problem(problem) if problem.code == "event-quarantined"), "{error}");
    assert_eq!(next(&mut live).await, Some((4, 2)));
    assert_eq!(resumed(&fake), ["0", "3.1", "3.1"]);
    assert_eq!(live.next().await.unwrap_err().repeat(), Repeat::Later, "nobody is there any more");
}

#[tokio::test]
async fn a_block_that_is_no_event_is_an_error() {
    let fake = Fake::answering([stream(&["data: {}\nid: 7.1\n\n".into()])]).await;
    let mut live = fake.client().events().live();
    assert!(matches!(live.next().await.unwrap_err(), Error::Unreadable(_)));
    assert_eq!(live.reached(), Address::default());
}

#[tokio::test]
async fn what_could_not_be_read_is_never_passed_over() {
    let unreadable = || stream(&["data: {}\nid: 7.1\n\n".into(), sent(8, 2)]);
    let fake = Fake::answering([unreadable(), unreadable(), stream(&[sent(7, 1), sent(8, 2)])]);
    let fake = fake.await;
    let mut live = fake.client().events().after(6).live();
    for _ in 0..2 {
        assert!(matches!(live.next().await.unwrap_err(), Error::Unreadable(_)));
    }
    assert_eq!((next(&mut live).await, next(&mut live).await), (Some((7, 1)), Some((8, 2))));
    assert_eq!(resumed(&fake), ["6", "6", "6"]);
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_an_error() {
    let page =
        answer(200, "content-type: application/json\r\n", &json!({ "events": [], "next": 3, "end": true }));
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
