use std::collections::{BTreeMap, BTreeSet};

use annals_core::StreamId;
use async_nats::Message;
use bytes::Bytes;
use futures_util::future::join_all;
use uuid::Uuid;

use super::*;
use crate::{Nats, stream};

const OPEN: Bytes = Bytes::from_static(b"[]");

/// A server with a log, and what passes by on its way into the log.
async fn watched() -> (annals_testkit::TestNats, Nats, async_nats::Subscriber) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "appender").await.unwrap();
    nats.prepare().await.unwrap();
    let passers = nats.client.subscribe(crate::subject::ALL_EVENTS).await.unwrap();
    nats.client.flush().await.unwrap();
    (server, nats, passers)
}

fn stream(id: u128) -> StreamId {
    StreamId::new("jar", Uuid::from_u128(id))
}

fn batch(message: &Message) -> Option<String> {
    Some(message.headers.as_ref()?.get("Nats-Batch-Id")?.to_string())
}

/// How many went in each batch; `None` for those alone.
async fn trips(passers: &mut async_nats::Subscriber, messages: usize) -> BTreeMap<Option<String>, usize> {
    let mut trips = BTreeMap::new();
    for message in passers.take(messages).collect::<Vec<_>>().await {
        *trips.entry(batch(&message)).or_default() += 1;
    }
    trips
}

#[tokio::test]
async fn many_at_once_share_a_trip() {
    let (_server, nats, mut passers) = watched().await;
    let messages = (0..500).map(|id| nats.appender.append(Outgoing::to(&stream(id), OPEN)));

    let told: BTreeSet<_> =
        join_all(messages).await.into_iter().map(|told| told.unwrap().position()).collect();

    assert_eq!(told, (1..=500).collect(), "each has a place of its own");
    let trips = trips(&mut passers, 500).await;
    assert!(trips.len() < 10, "{trips:?}");
}

#[tokio::test]
async fn a_few_go_alone() {
    let (_server, nats, mut passers) = watched().await;
    let messages = (0..8).map(|id| nats.appender.append(Outgoing::to(&stream(id), OPEN)));

    assert!(join_all(messages).await.iter().all(Result::is_ok));

    assert_eq!(trips(&mut passers, 8).await, BTreeMap::from([(None, 8)]));
}

/// The conflict costs the others a second trip in one batch, not one each.
#[tokio::test]
async fn who_is_stale_is_left_behind_and_the_others_go_again_together() {
    let (_server, nats, mut passers) = watched().await;
    nats.appender.append(Outgoing::to(&stream(7), OPEN)).await.unwrap();
    let messages = (0..100).map(|id| nats.appender.append(Outgoing::to(&stream(id), OPEN)));

    let told = join_all(messages).await;

    for (id, told) in (0..).zip(&told) {
        assert_eq!(told.is_ok(), id != 7, "{id}: {told:?}");
    }
    assert_eq!(told[7], Err(Unpublished::Stale));
    let trips = trips(&mut passers, 1 + 100 + 99).await;
    assert_eq!(trips.into_values().collect::<BTreeSet<_>>(), BTreeSet::from([1, 100, 99]));
}

#[tokio::test]
async fn what_the_server_knows_already_is_told_so_and_the_others_are_stored() {
    let (_server, nats, _) = watched().await;
    let first = Outgoing::to(&stream(7), OPEN);
    let Ok(Published::Now(position)) = nats.appender.append(first.clone()).await else { panic!("it is new") };
    // As after the repeat's own commit: not stale, and known.
    let mut repeat = first;
    repeat.expected = position;
    let messages = (100..150).map(|id| Outgoing::to(&stream(id), OPEN)).chain([repeat]);

    let mut told = join_all(messages.map(|message| nats.appender.append(message))).await;

    assert_eq!(told.pop(), Some(Ok(Published::Before(position))));
    assert!(told.iter().all(|told| matches!(told, Ok(Published::Now(_)))), "{told:?}");
    let log = nats.jetstream.get_stream(stream::NAME).await.unwrap();
    assert_eq!(log.cached_info().state.messages, 51);
}
