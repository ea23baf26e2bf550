use std::convert::Infallible;

use annals_core::{Place, log::MemoryLog};
use axum::{
    body::to_bytes,
    response::{IntoResponse, Sse},
};
use futures_util::stream;

use super::*;
use crate::{
    lamp::{self, Happened},
    log::memory_index::entries,
};

/// What is read of a log.
pub async fn reads(log: &MemoryLog) -> Vec<Read> {
    let (_, entries) = entries(log, Position::MAX).await;
    let read = |entry: Arc<Entry>| {
        let head = annals_core::log::Head { position: entry.position, hash: entry.hash };
        let checkpoint = annals_core::log::Checkpoint { position: entry.position, head };
        Read { checkpoint, entry: Some(entry) }
    };
    entries.into_iter().map(read).collect()
}

async fn story(story: &[&[Happened]]) -> Vec<Read> {
    let log = lamp::log();
    for commits in story {
        lamp::record(&log, commits).await;
    }
    reads(&log).await
}

/// Two lamps, the first of which is lit twice, once, and three times.
async fn lamps() -> Vec<Read> {
    story(&[&[Happened::to(1, 2)], &[Happened::to(2, 1), Happened::to(1, 1)], &[], &[Happened::to(1, 3)]])
        .await
}

/// The bytes that a client is sent.
pub async fn text(events: Vec<Event>) -> String {
    let response = Sse::new(stream::iter(events.into_iter().map(Ok::<_, Infallible>))).into_response();
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

/// What a client makes of it: for each block with an id whether it has an event, and the id.
pub async fn seen(events: Vec<Event>) -> Vec<(bool, String)> {
    let text = text(events).await;
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start().to_owned())
    };
    let mut seen = Vec::new();
    for block in text.split_terminator("\n\n") {
        let Some(id) = field(block, "id:") else { continue };
        let data = field(block, "data:");
        if let Some(data) = &data {
            let event: EventView = serde_json::from_str(data).expect("it is an event");
            assert_eq!(Address::of(&event).to_string(), id, "every event has its own id");
        }
        seen.push((data.is_some(), id));
    }
    seen
}

fn events(ids: &[&str]) -> Vec<(bool, String)> {
    ids.iter().map(|id| (true, (*id).to_owned())).collect()
}

fn about(lamp: u128) -> EventFilter {
    EventFilter { correlation_id: Some(lamp::correlation_id(lamp)), ..EventFilter::default() }
}

fn after(address: &str) -> Cursor {
    Cursor::new(EventFilter::default(), address.parse().unwrap(), None)
}

const ALL: [&str; 7] = ["1.0", "1.1", "2.0", "2.1", "4.0", "4.1", "4.2"];

#[tokio::test]
async fn an_event_is_sent_as_the_page_shows_it() {
    let reads = story(&[&[Happened::to(1, 1)]]).await;
    let sent = after("0").take(&reads);
    let shown =
        serde_json::to_string(&EventView::all(&reads[0].entry.as_ref().unwrap().commits[0])[0]).unwrap();
    assert_eq!(text(sent).await, format!("event: LampLit\ndata: {shown}\nid: 1.0\n\n"));
}

#[tokio::test]
async fn a_client_that_resumes_gets_the_rest_and_nothing_twice() {
    let reads = lamps().await;
    for (sent, id) in ALL.iter().enumerate() {
        assert_eq!(seen(after(id).take(&reads)).await, events(&ALL[sent + 1..]), "after {id}");
    }
    assert_eq!(seen(after("0").take(&reads)).await, events(&ALL));
    assert_eq!(seen(after("2").take(&reads)).await, events(&ALL[4..]));
}

#[tokio::test]
async fn what_is_read_twice_is_sent_once() {
    let (mut cursor, reads) = (after("0"), lamps().await);
    assert_eq!(seen(cursor.take(&reads[..2])).await.len(), 4);
    assert_eq!(seen(cursor.take(&reads)).await, events(&ALL[4..]));
    assert_eq!(seen(cursor.take(&reads[..1])).await, []);
    assert_eq!(cursor.reached(), Address::whole(4));
}

#[tokio::test]
async fn what_a_filter_hides_moves_the_resume_point() {
    let mut cursor = Cursor::new(about(2), Address::default(), None);
    assert_eq!(seen(cursor.take(&lamps().await)).await, events(&["2.0"]));
    assert_eq!(seen(vec![cursor.resume()]).await, [(false, "4".into())]);
}

#[tokio::test]
async fn until_is_the_last_position_that_is_sent() {
    let reads = lamps().await;
    let mut cursor = Cursor::new(EventFilter::default(), Address::new(1, 1), Some(2));
    assert_eq!(seen(cursor.take(&reads)).await, events(&["2.0", "2.1"]));
    assert!(cursor.is_over());
    assert_eq!(
        seen(cursor.finish().into_iter().collect()).await,
        [(false, "2".into())],
        "a client that comes back is at the end"
    );
    assert!(cursor.finish().is_none());

    let mut early = Cursor::new(about(2), Address::default(), Some(5));
    early.take(&reads);
    assert!(!early.is_over());
}

#[tokio::test]
async fn a_foreign_message_moves_the_cursor() {
    let (mut cursor, mut reads) = (after("0"), lamps().await);
    let mut foreign = Read { entry: None, ..reads[3].clone() };
    foreign.checkpoint.position = 5;
    reads.push(foreign);
    cursor.take(&reads);
    assert_eq!(cursor.reached(), Address::whole(5));
}

#[tokio::test]
async fn a_type_that_another_program_wrote_does_not_begin_a_block() {
    let mut reads = story(&[&[Happened::to(1, 1)]]).await;
    let mut entry = Entry::clone(reads[0].entry.as_ref().unwrap());
    entry.commits[0].commit.events[0].kind = "A\n\ndata: B\r".into();
    reads[0].entry = Some(Arc::new(entry));
    assert_eq!(seen(after("0").take(&reads)).await, events(&["1.0"]));
}

#[test]
fn places_have_room_for_any_entry() {
    assert!(Place::try_from(annals_core::log::Entry::MAX_BYTES / 200).unwrap() < 0xffff);
}
