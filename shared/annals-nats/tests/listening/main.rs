//! Durable consumers of reactors, which share the work and remember how far they are.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "../common/mod.rs"]
mod common;
mod crew;

use std::time::Duration;

use annals_core::{Position, Start};
use annals_nats::{Appended, Listener, Log, Nats, Wake};
use annals_testkit::{TestNats, eventually};
use common::{commit, stream};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

const DURABLE: &str = "reactor-things";

async fn connected() -> (TestNats, Nats) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "listening").await.unwrap();
    nats.prepare().await.unwrap();
    (server, nats)
}

async fn append(nats: &Nats, times: usize) {
    for _ in 0..times {
        let appended = nats.log().append(&commit(&stream("thing"), 0), 0).await.unwrap();
        assert!(matches!(appended, Appended::Stored(_)));
    }
}

async fn listen(nats: &Nats, from: Start) -> Listener {
    nats.listen(DURABLE, &["thing"], from).await.unwrap()
}

/// The next commits, so many.
async fn wakes(listener: &Listener, count: usize) -> Vec<Wake> {
    let mut wakes = Vec::new();
    let all = async {
        while wakes.len() < count {
            let mut pull = listener.pull(count - wakes.len()).await.unwrap();
            while let Some(wake) = pull.next().await.unwrap() {
                wakes.push(wake);
            }
        }
    };
    timeout(Duration::from_secs(15), all).await.expect("so many commits come");
    wakes
}

/// Deals with the next commits, and says where they stand.
async fn settle(listener: &Listener, count: usize) -> Vec<Position> {
    let mut seen = Vec::new();
    for wake in wakes(listener, count).await {
        seen.push(wake.delivery.position);
        wake.settle().await;
    }
    seen.sort_unstable();
    seen
}

/// What an operator's slip does.
async fn delete_consumer(server: &TestNats) {
    annals_testkit::raw(&server.url(), &format!("$JS.API.CONSUMER.DELETE.EVENTS.{DURABLE}"), "").await;
}

async fn is_empty(listener: &Listener) -> bool {
    listener.pull(8).await.unwrap().next().await.unwrap().is_none()
}

#[tokio::test]
async fn what_is_not_settled_comes_again() {
    let (_server, nats) = connected().await;
    append(&nats, 1).await;
    let listener = listen(&nats, Start::Beginning).await;

    let first = wakes(&listener, 1).await.remove(0);
    assert_eq!((first.delivery.position, first.delivery.times), (1, 1));
    first.retry(Duration::from_millis(10)).await;

    let second = wakes(&listener, 1).await.remove(0);
    assert_eq!((second.delivery.position, second.delivery.times), (1, 2));
    second.settle().await;

    append(&nats, 1).await;
    assert_eq!(settle(&listener, 1).await, [2], "the first is done with");
}

#[tokio::test]
async fn two_listeners_share_the_work() {
    let (_server, nats) = connected().await;
    let (one, two) = (listen(&nats, Start::Beginning).await, listen(&nats, Start::Beginning).await);
    append(&nats, 20).await;

    let mut seen = settle(&one, 8).await;
    seen.extend(settle(&two, 12).await);
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_given_back_comes_to_the_next_one_at_once() {
    let (_server, nats) = connected().await;
    append(&nats, 5).await;
    let first = listen(&nats, Start::Beginning).await;
    let mut pull = first.pull(8).await.unwrap();
    pull.next().await.unwrap().unwrap().settle().await;
    let begun = Instant::now();
    for wake in pull.unread(&nats).await {
        wake.give_back().await;
    }

    assert_eq!(settle(&listen(&nats, Start::Beginning).await, 4).await, [2, 3, 4, 5]);
    assert!(begun.elapsed() < Wake::PATIENCE, "nobody waits for the first one's death");
}

#[tokio::test]
async fn what_is_worked_on_is_given_to_nobody_else() {
    let (_server, nats) = connected().await;
    append(&nats, 1).await;
    let listener = listen(&nats, Start::Beginning).await;
    let wake = wakes(&listener, 1).await.remove(0);

    let long = wake.working(std::future::pending::<()>());
    let others = async { while is_empty(&listener).await {} };
    let either = async {
        tokio::select! { () = long => {}, () = others => {} }
    };
    assert!(timeout(3 * Wake::PATIENCE, either).await.is_err(), "given twice");

    assert_eq!(settle(&listener, 1).await, [1], "without a sign of life it comes again");
}

#[tokio::test]
async fn a_consumer_that_is_gone_is_made_again_from_the_floor() {
    let (server, nats) = connected().await;
    append(&nats, 4).await;
    let listener = listen(&nats, Start::Beginning).await;
    let mut taken = wakes(&listener, 4).await;
    let (fourth, third) = (taken.remove(3), taken.remove(2));
    for wake in taken.into_iter().chain([fourth]) {
        wake.settle().await;
    }
    third.retry(Duration::from_hours(1)).await;
    let floor = listener.standing().await.unwrap().floor;
    assert_eq!(floor, 2, "what waits for another try holds the floor");
    listener.keep(floor).await.unwrap();

    delete_consumer(&server).await;
    assert!(listener.standing().await.is_err(), "it is gone");
    append(&nats, 1).await;

    let listener = listen(&nats, Start::Beginning).await;
    assert_eq!(listener.standing().await.unwrap().floor, 2, "before anything is settled");
    assert_eq!(settle(&listener, 3).await, [3, 4, 5]);
}

#[tokio::test]
async fn a_floor_is_never_lowered_by_somebody_who_is_late() {
    let (server, nats) = connected().await;
    append(&nats, 3).await;
    let listener = listen(&nats, Start::Beginning).await;
    listener.keep(2).await.unwrap();
    listener.keep(1).await.unwrap();

    delete_consumer(&server).await;
    assert_eq!(settle(&listen(&nats, Start::Beginning).await, 1).await, [3]);
}

#[tokio::test]
async fn from_now_on_means_from_the_first_start_on() {
    let (server, nats) = connected().await;
    append(&nats, 2).await;
    let listener = listen(&nats, Start::Now).await;
    assert!(is_empty(&listener).await, "what was there before is not its business");

    delete_consumer(&server).await; // and nothing has been settled yet
    append(&nats, 2).await;
    assert_eq!(settle(&listen(&nats, Start::Now).await, 2).await, [3, 4], "what came while it was gone is");
}

#[tokio::test]
async fn a_consumer_of_an_older_release_goes_on_where_it_is() {
    let (server, nats) = connected().await;
    append(&nats, 2).await;
    let config = r#"{"stream_name":"EVENTS","config":{"durable_name":"reactor-things","deliver_policy":"all",
        "ack_policy":"explicit","ack_wait":30000000000,"max_ack_pending":1000,"filter_subjects":["events.thing.*"],
        "replay_policy":"instant"},"action":""}"#;
    annals_testkit::raw(&server.url(), "$JS.API.CONSUMER.CREATE.EVENTS.reactor-things", config).await;

    let listener = listen(&nats, Start::Now).await;
    let first = wakes(&listener, 1).await.remove(0);
    assert_eq!(first.delivery.position, 1, "its place in the log was decided before");

    // The new patience holds for it, too: the old one was half a minute.
    let second =
        timeout(2 * Wake::PATIENCE, wakes(&listener, 2)).await.expect("both come within the patience");
    assert!(second.iter().any(|wake| wake.delivery.position == 1 && wake.delivery.times == 2));
}

#[tokio::test]
async fn a_floor_beyond_a_log_that_went_back_hides_nothing() {
    let (server, nats) = connected().await;
    append(&nats, 1).await;
    listen(&nats, Start::Beginning).await.keep(100).await.unwrap();
    delete_consumer(&server).await;

    let listener = listen(&nats, Start::Beginning).await;
    append(&nats, 1).await;
    assert_eq!(settle(&listener, 1).await, [2]);
}

#[tokio::test]
async fn an_attempt_is_known_until_its_outcome_is() {
    let (mut server, nats) = connected().await;
    let (attempts, others) = (nats.attempts(), nats.attempts()); // as of two processes
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());

    assert!(!attempts.begin(one).await.unwrap(), "the first");
    assert!(!attempts.begin(one).await.unwrap(), "it knows that it has not sent");
    assert!(others.begin(one).await.unwrap(), "another knows no such thing");
    server.restart().await;
    eventually("the server answers again", async || nats.log().last(&annals_nats::Scope::All).await.is_ok())
        .await;
    assert!(others.begin(one).await.unwrap(), "whatever happens in between");
    assert!(!attempts.begin(two).await.unwrap(), "and it is nobody else's");

    attempts.end(one).await;
    assert!(!attempts.begin(one).await.unwrap(), "a new one");
    assert!(others.begin(two).await.unwrap());
}
