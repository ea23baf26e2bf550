//! The stream of events: made if it is missing, and refused if it could lose or change events.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::time::Duration;

use annals_nats::{Nats, StreamError};
use annals_testkit::{TestNats, eventually, nats};
use async_nats::jetstream::{
    self,
    stream::{Compression, Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use uuid::Uuid;

async fn connected(server: &TestNats) -> (jetstream::Context, Nats) {
    let client = async_nats::connect(server.url()).await.unwrap();
    (jetstream::new(client), Nats::connect(&server.url(), "test").await.unwrap())
}

async fn config(jetstream: &jetstream::Context) -> Config {
    jetstream.get_stream("EVENTS").await.unwrap().cached_info().config.clone()
}

/// What Annals makes, with one thing changed by somebody else.
async fn prepared_with(server: &TestNats, change: impl FnOnce(&mut Config)) -> Result<Uuid, StreamError> {
    let (jetstream, nats) = connected(server).await;
    nats.prepare().await.unwrap();
    let mut config = config(&jetstream).await;
    jetstream.delete_stream("EVENTS").await.unwrap();
    change(&mut config);
    // The server may still be removing the old one's files.
    eventually("it is made", async || jetstream.create_stream(config.clone()).await.is_ok()).await;
    nats.prepare().await
}

#[tokio::test]
async fn the_stream_is_made_once_and_found_again_with_its_log_id() {
    let mut server = nats().await;
    let (_, nats) = connected(&server).await;
    let id = nats.prepare().await.unwrap();
    assert_eq!(nats.prepare().await.unwrap(), id);

    server.restart().await;
    let (jetstream, nats) = connected(&server).await;
    assert_eq!(nats.prepare().await.unwrap(), id);
    assert_eq!(config(&jetstream).await.metadata["annals-log-id"], id.to_string());
}

#[tokio::test]
async fn of_services_that_start_together_all_see_the_same_log_id() {
    let server = nats().await;
    let mut started = Vec::new();
    for _ in 0..8 {
        let (_, nats) = connected(&server).await;
        started.push(tokio::spawn(async move { nats.prepare().await.unwrap() }));
    }
    let mut ids = Vec::new();
    for one in started {
        ids.push(one.await.unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_stream_that_is_made_anew_is_another_log() {
    let server = nats().await;
    let (jetstream, nats) = connected(&server).await;
    let id = nats.prepare().await.unwrap();
    jetstream.delete_stream("EVENTS").await.unwrap();
    assert_ne!(nats.prepare().await.unwrap(), id);
}

#[tokio::test]
async fn the_stream_keeps_everything_uncompressed_on_file() {
    let server = nats().await;
    let (jetstream, nats) = connected(&server).await;
    nats.prepare().await.unwrap();
    let config = config(&jetstream).await;
    assert_eq!(config.subjects, ["events.*"]);
    assert_eq!(config.storage, StorageType::File);
    assert!(matches!(config.compression, None | Some(Compression::None)));
    assert!(config.deny_delete && config.deny_purge && config.allow_direct);
    assert_eq!(config.discard, DiscardPolicy::New);
}

#[tokio::test]
async fn a_stream_that_could_lose_or_change_events_is_refused_and_says_why() {
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 14] = [
        ("the layout of a build before 0.1", |config| config.subjects = vec!["events.>".into()]),
        ("other subjects", |config| config.subjects = vec!["events.account".into()]),
        ("compression", |config| config.compression = Some(Compression::S2)),
        ("no log id", |config| config.metadata.clear()),
        ("memory storage", |config| config.storage = StorageType::Memory),
        ("a retention policy", |config| config.retention = RetentionPolicy::Interest),
        ("a limit on messages", |config| config.max_messages = 1000),
        ("a limit on messages per subject", |config| {
            config.max_messages_per_subject = 1;
            config.discard_new_per_subject = false;
        }),
        ("a limit on bytes", |config| config.max_bytes = 1_000_000),
        ("a limit on age", |config| config.max_age = Duration::from_hours(1)),
        ("discard: old", |config| config.discard = DiscardPolicy::Old),
        ("deletion allowed", |config| config.deny_delete = false),
        ("a limit on message size", |config| config.max_message_size = 1000),
        ("messages that expire", |config| config.allow_message_ttl = true),
    ];
    for (what, change) in changes {
        let server = nats().await;
        let Err(refused) = prepared_with(&server, change).await else { panic!("{what} was taken") };
        assert!(refused.to_string().contains(what), "{what}: {refused}");
    }
}
