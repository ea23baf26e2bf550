use std::convert::Infallible;

use annals_nats::{Log, MemoryLog, Scope};
use axum::{
    body::to_bytes,
    response::{IntoResponse, Sse},
};
use futures_util::stream;

use super::*;
use crate::lamp::{self, Happened};

async fn commits(story: &[Happened]) -> Vec<StoredCommit> {
    let log = MemoryLog::default();
    lamp::record(&log, story).await;
    log.read(&Scope::All, 0, usize::MAX).await.unwrap().commits
}

/// Two lamps, the first of which is lit twice, once, and three times.
async fn story() -> Vec<StoredCommit> {
    commits(&[Happened::to(1, 2), Happened::to(2, 1), Happened::to(1, 1), Happened::to(1, 3)]).await
}

/// The bytes that a client is sent.
pub async fn text(events: Vec<Event>) -> String {
    let response = Sse::new(stream::iter(events.into_iter().map(Ok::<_, Infallible>))).into_response();
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

/// What a client makes of it: for each block the position of its event, if it has one, and its id.
pub async fn seen(events: Vec<Event>) -> Vec<(Option<Position>, Option<Position>)> {
    let text = text(events).await;
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start().to_owned())
    };
    let position = |data: String| serde_json::from_str::<EventView>(&data).expect("it is an event").position;
    let blocks = text.split_terminator("\n\n");
    let seen = blocks.map(|block| {
        (field(block, "data:").map(position), field(block, "id:").map(|id| id.parse().unwrap()))
    });
    seen.collect()
}

fn of_types(types: &[&str]) -> Filter {
    let types = types.iter().map(ToString::to_string).collect();
    Filter { types: Some(types), ..Filter::default() }
}

fn about(lamp: u128) -> Filter {
    Filter { correlation_id: Some(lamp::correlation_id(lamp)), ..Filter::default() }
}

const FOR_EVER: Position = Position::MAX;

#[tokio::test]
async fn an_event_is_sent_as_the_page_shows_it() {
    let commits = commits(&[Happened::to(1, 1)]).await;
    let told = Telling::new(Filter::default(), 0, FOR_EVER).tell(&commits, 1);
    let shown = serde_json::to_string(&EventView::all(&commits[0])[0]).unwrap();
    assert_eq!(text(told).await, format!("event: LampLit\ndata: {shown}\nid: 1\n\n"));
}

#[tokio::test]
async fn only_the_last_event_of_a_commit_is_a_place_to_resume_from() {
    let told = Telling::new(Filter::default(), 0, FOR_EVER).tell(&story().await, 4);
    let expected = [
        (Some(1), None),
        (Some(1), Some(1)),
        (Some(2), Some(2)),
        (Some(3), Some(3)),
        (Some(4), None),
        (Some(4), None),
        (Some(4), Some(4)),
    ];
    assert_eq!(seen(told).await, expected);
}

#[tokio::test]
async fn who_resumes_is_told_the_rest_and_nothing_twice() {
    for after in 0..=4 {
        let told = Telling::new(Filter::default(), after, FOR_EVER).tell(&story().await, 4);
        let rest: Vec<_> = [1, 1, 2, 3, 4, 4, 4].into_iter().filter(|position| *position > after).collect();
        let positions: Vec<_> = seen(told).await.into_iter().filter_map(|(position, _)| position).collect();
        assert_eq!(positions, rest, "after {after}");
    }
}

#[tokio::test]
async fn what_is_shown_twice_is_told_once() {
    let (mut telling, commits) = (Telling::new(about(1), 0, FOR_EVER), story().await);
    assert_eq!(seen(telling.tell(&commits[..2], 2)).await.len(), 2);
    assert_eq!(seen(telling.tell(&commits[..3], 3)).await, [(Some(3), Some(3))]);
    assert_eq!(seen(telling.tell(&commits[..1], 1)).await, []);
    assert_eq!(telling.reached(), 3);
}

#[tokio::test]
async fn what_a_filter_hides_is_looked_at_and_moves_the_resume_point_at_times() {
    let one = commits(&[Happened::to(1, 1)]).await.remove(0);
    let commits: Vec<_> = (1..=2500).map(|position| StoredCommit { position, ..one.clone() }).collect();
    let mut telling = Telling::new(of_types(&["LampSold"]), 0, FOR_EVER);
    assert_eq!(seen(telling.tell(&commits[..999], 999)).await, []);
    assert_eq!(seen(telling.tell(&commits, 2500)).await, [(None, Some(1000)), (None, Some(2000))]);
    assert_eq!(seen(vec![telling.resume()]).await, [(None, Some(2500))]);

    let mut rare = Telling::new(Filter { category: Some("lamp".into()), ..Filter::default() }, 0, FOR_EVER);
    let told = rare.tell(&[commits[4].clone(), commits[2004].clone()], 4000);
    assert_eq!(seen(told).await, [(Some(5), Some(5)), (Some(2005), Some(2005)), (None, Some(4000))]);
    assert_eq!(seen(rare.tell(&[], 4999)).await, []);
    assert_eq!(seen(rare.tell(&[], 5000)).await, [(None, Some(5000))]);

    let mut telling = Telling::new(Filter { category: Some("candle".into()), ..about(1) }, 0, FOR_EVER);
    assert_eq!(seen(telling.tell(&commits[..10], 10)).await, []);
    assert_eq!(telling.reached(), 10);
}

#[tokio::test]
async fn until_is_the_last_that_is_told() {
    let mut telling = Telling::new(Filter::default(), 1, 3);
    let told = telling.tell(&story().await, 4);
    assert_eq!(seen(told).await, [(Some(2), Some(2)), (Some(3), Some(3))]);
    assert!(telling.is_over());

    let mut hidden = Telling::new(about(2), 0, 3);
    let told = hidden.tell(&story().await, 4);
    assert_eq!(seen(told).await, [(Some(2), Some(2)), (None, Some(3))], "who comes back is at the end");
    let mut early = Telling::new(about(2), 0, 5);
    assert_eq!(seen(early.tell(&story().await, 4)).await, [(Some(2), Some(2))]);
    assert!(!early.is_over());
}

#[tokio::test]
async fn much_is_told_in_parts_that_end_with_a_commit() {
    let commits = commits(&[1, 2, 3, 4].map(|lamp| Happened::to(lamp, 900))).await;
    let mut telling = Telling::new(Filter::default(), 0, FOR_EVER);
    for position in [2, 4] {
        let told = seen(telling.tell(&commits, 4)).await;
        assert_eq!((told.len(), telling.reached()), (1800, position));
        assert_eq!(told.last(), Some(&(Some(position), Some(position))));
    }
}

#[tokio::test]
async fn a_type_that_somebody_else_wrote_does_not_begin_a_block() {
    let mut commits = commits(&[Happened::to(1, 1)]).await;
    commits[0].commit.events[0].kind = "A\n\ndata: B\r".into();
    let told = Telling::new(Filter::default(), 0, FOR_EVER).tell(&commits, 1);
    assert_eq!(seen(told).await, [(Some(1), Some(1))]);
}
