//! The stream of events: made if it is missing, and refused if it could lose or change events.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::time::Duration;

use annals_nats::{Nats, StreamError};
use annals_testkit::{TestNats, eventually, nats};
use async_nats::jetstream::{
    self,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};

/// What Annals makes, with one thing changed by somebody else.
async fn prepared_with(server: &TestNats, change: impl FnOnce(&mut Config)) -> Result<(), StreamError> {
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = jetstream::new(client);
    let nats = Nats::connect(&server.url(), "test").await.unwrap();
    nats.prepare().await.unwrap();
    let mut config = jetstream.get_stream("EVENTS").await.unwrap().cached_info().config.clone();
    jetstream.delete_stream("EVENTS").await.unwrap();
    change(&mut config);
    // The server may still be removing the old one's files.
    eventually("it is made", async || jetstream.create_stream(config.clone()).await.is_ok()).await;
    nats.prepare().await
}

#[tokio::test]
async fn the_stream_is_made_once_and_found_again() {
    let server = nats().await;
    assert!(prepared_with(&server, |_| {}).await.is_ok());
}

#[tokio::test]
async fn a_stream_that_could_lose_or_change_events_is_refused_and_says_why() {
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 11] = [
        ("other subjects", |config| config.subjects = vec!["events.account.*".into()]),
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
