//! The events index: asked over the bus, kept like a view.

use std::fs;

use annals_core::{
    Position, address,
    bus::{Failure, ViewState},
    index::{EventFilter, IndexAnswer, IndexBody, IndexQuery, IndexReply, IndexRequest},
};
use annals_testkit::eventually;

use crate::{
    fixtures::{House, named},
    things::catalog,
};

async fn ask(house: &House, query: IndexQuery, min_position: Option<Position>) -> IndexReply {
    house.nats.bus().index(&IndexRequest { query, min_position, wait_ms: 10_000 }).await
}

fn all() -> IndexQuery {
    IndexQuery::Events { filter: EventFilter::default(), after: 0, until: None, limit: 100 }
}

/// Where all events are, once everything up to there is indexed.
async fn addresses(house: &House, query: IndexQuery, position: Position) -> Vec<u64> {
    let IndexAnswer { checkpoint, body } = ask(house, query, Some(position)).await.unwrap();
    assert!(checkpoint.position >= position, "{checkpoint:?}");
    let IndexBody::Addresses { addresses, .. } = body else { panic!("{body:?}") };
    addresses
}

#[tokio::test]
async fn the_index_knows_every_event_by_place_type_and_category() {
    let house = House::new().await;
    let projector = house.start(catalog());
    house.answers().await;
    house.append_entry(&[named("thing", "one"), named("person", "Ada")]).await;
    house.append_foreign("events.main", "nothing").await;
    let last = house.append("thing", "two").await;

    let everything = [address(1, 0), address(1, 1), address(3, 0)];
    assert_eq!(addresses(&house, all(), last).await, everything);
    let of = |filter| IndexQuery::Events { filter, after: 0, until: None, limit: 100 };
    let things = EventFilter { category: Some("thing".into()), ..EventFilter::default() };
    assert_eq!(addresses(&house, of(things), last).await, [everything[0], everything[2]]);
    let types = EventFilter { types: Some(vec!["Named".into()]), ..EventFilter::default() };
    assert_eq!(addresses(&house, of(types), last).await, everything);
    let page = IndexQuery::Events { filter: EventFilter::default(), after: 0, until: None, limit: 2 };
    let body = ask(&house, page, Some(last)).await.unwrap().body;
    assert!(matches!(body, IndexBody::Addresses { more: true, addresses } if addresses == everything[..2]));
    projector.stop().await;
}

#[tokio::test]
async fn streams_are_listed_page_by_page_and_found_by_event_and_version() {
    let house = House::new().await;
    let projector = house.start(catalog());
    house.answers().await;
    let commits = ["one", "two", "three"].map(|name| named("thing", name));
    house.append_entry(&commits).await;
    let list = |cursor| IndexQuery::Streams { category: "thing".into(), limit: 2, cursor };

    let (mut ids, mut cursor) = (Vec::new(), None);
    loop {
        let body = ask(&house, list(cursor), Some(1)).await.unwrap().body;
        let IndexBody::Streams { count, rows, next } = body else { panic!("{body:?}") };
        assert_eq!(count, 3);
        ids.extend(rows.iter().map(|row| row.id));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids, [&commits[2], &commits[1], &commits[0]].map(|commit| commit.stream.id));
    let failure = ask(&house, list(Some("nonsense".into())), None).await.unwrap_err();
    assert!(matches!(failure, Failure::InvalidQuery { .. }), "{failure:?}");

    let event = IndexQuery::Event { id: commits[1].events[0].id };
    assert_eq!(addresses(&house, event, 1).await, [address(1, 1)]);
    let (stream, at) = (commits[2].stream.clone(), commits[2].recorded_at);
    let body = ask(&house, IndexQuery::VersionAt { stream: stream.clone(), at }, None).await.unwrap().body;
    assert!(matches!(body, IndexBody::Version { version: 1 }), "{body:?}");
    let query = IndexQuery::Stream { stream, after: 0, since: None, limit: 10 };
    let body = ask(&house, query, None).await.unwrap().body;
    assert!(matches!(body, IndexBody::Stream { version: 1, more: false, .. }), "{body:?}");
    projector.stop().await;
}

#[tokio::test]
async fn the_index_says_how_far_it_is() {
    let house = House::new().await;
    house.append_things(0..3).await;
    let projector = house.start(catalog());
    house.answers().await;

    let live = async || {
        let IndexBody::Status(status) = ask(&house, IndexQuery::Status, None).await.ok()?.body else {
            panic!("no status")
        };
        (status.state == ViewState::Live).then_some(status)
    };
    let status = eventually("it is live", live).await;
    assert_eq!((status.position, status.lag_events), (3, 0));
    let failure = ask(&house, all(), Some(4)).await.unwrap_err();
    assert_eq!(failure, Failure::BeyondTheEnd { wanted: 4, end: 3 });
    let metrics = projector.metrics().await;
    assert!(metrics.contains("annals_view_position{view=\"events\"} "), "{metrics}");
    projector.stop().await;
}

#[tokio::test]
async fn an_index_whose_file_is_deleted_or_of_another_log_is_built_anew() {
    let house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.answers().await;
    assert_eq!(addresses(&house, all(), 5).await.len(), 5);
    for part in ["events@1.db", "events@1.db-wal", "events@1.db-shm"] {
        fs::remove_file(house.file(part)).unwrap();
    }
    let reopened = async || house.file("events@1.db").exists() && ask(&house, all(), Some(5)).await.is_ok();
    eventually("the file is there again", reopened).await;
    assert_eq!(addresses(&house, all(), 5).await.len(), 5);
    projector.stop().await;

    house.begin_another_log().await;
    house.append_things(0..7).await;
    let projector = house.start(catalog());
    house.answers().await;
    assert_eq!(addresses(&house, all(), 7).await.len(), 7);
    projector.stop().await;
}
