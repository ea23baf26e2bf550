//! Logs with foreign messages in them, logs that are not what they were, and entries that are too large.

use annals_core::{
    bus::{CommandLookup, Failure},
    log::{Log, SUBJECT},
};
use annals_nats::JetStreamLog;
use annals_testkit::{Acknowledgements, Proxy, TestNats, eventually, nats, raw};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    bank::{Service, again, balance, deposit, entries, open},
    service::{assert_once, log, writer},
};

#[tokio::test(flavor = "multi_thread")]
async fn foreign_messages_hold_up_no_writer() {
    let server = nats().await;
    let mut service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    for round in 1..=5 {
        raw(&server.url(), SUBJECT, "garbage").await;
        raw(&server.url(), "events.other", "[]").await;
        assert!(service.send(open(account)).await.is_err(), "a refusal is proved all the same");
        let replies = join_all((0..10).map(|_| service.send(deposit(account, 1)))).await;
        assert!(replies.iter().all(Result::is_ok), "round {round}: {replies:?}");
        raw(&server.url(), "events.other", "garbage").await;
        service = service.restart().await;
        raw(&server.url(), SUBJECT, "[]").await;
    }
    assert_eq!(balance(&service.log, account).await, 50);

    let anew = writer(&server.url()).await; // with an empty directory
    assert_eq!(anew.send(deposit(account, 1)).await.unwrap().version, 52);
    assert_once(&anew.log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_acknowledgement_is_found_among_many_foreign_messages() {
    let server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let service = writer(&proxy.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    for _ in 0..200 {
        raw(&server.url(), "events.other", "poison").await;
    }
    proxy.acknowledgements(Acknowledgements::CutTheConnection);
    let reply = service.send(deposit(account, 1)).await.unwrap();
    assert_eq!((reply.version, reply.position), (2, 202));
    assert_eq!(service.send(deposit(account, 1)).await.unwrap().position, 203);
}

/// The stream is deleted by an operator; its settings.
async fn deleted(server: &TestNats) -> Value {
    let info = raw(&server.url(), "$JS.API.STREAM.INFO.EVENTS", "").await;
    let deleted = raw(&server.url(), "$JS.API.STREAM.DELETE.EVENTS", "").await;
    assert!(deleted.contains("\"success\":true"), "{deleted}");
    serde_json::from_str::<Value>(&info).unwrap()["config"].take()
}

/// The same log id, and nothing in it: as after a restore of an old backup.
async fn made_again(server: &TestNats, config: &Value) {
    eventually("it is made again", async || {
        let made = raw(&server.url(), "$JS.API.STREAM.CREATE.EVENTS", &config.to_string()).await;
        !made.contains("\"error\"")
    })
    .await;
}

async fn fill(service: &Service<JetStreamLog>, account: Uuid) {
    service.send(open(account)).await.unwrap();
    for _ in 0..20 {
        service.send(deposit(account, 1)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_store_of_another_log_is_thrown_away() {
    let server = nats().await;
    let service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    let first = open(account);
    service.send(first.clone()).await.unwrap();
    let before = service.log.id();
    let state = service.stop().await;
    deleted(&server).await;

    let log = log(&server.url()).await;
    assert_ne!(log.id(), before);
    let service = Service::with(log, state).await;
    let lookup = CommandLookup { id: first.id, fingerprint: None };
    assert!(service.executor.find(lookup).await.unwrap().is_none());
    let reply = service.send(again(&first)).await.unwrap();
    assert_eq!((reply.version, reply.replayed), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_store_that_is_ahead_of_its_log_is_thrown_away() {
    let server = nats().await;
    let service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    fill(&service, account).await;
    let state = service.stop().await;
    let config = deleted(&server).await;
    made_again(&server, &config).await;

    let service = Service::with(log(&server.url()).await, state).await;
    assert!(service.send(deposit(account, 1)).await.is_err(), "there is no account");
    assert_eq!(service.send(open(account)).await.unwrap().version, 1);
    assert_eq!(entries(&service.log).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_becomes_shorter_under_its_writers_takes_nothing_and_they_say_why() {
    let server = nats().await;
    let one = writer(&server.url()).await;
    let account = Uuid::new_v4();
    fill(&one, account).await;
    let other = writer(&server.url()).await;
    let config = deleted(&server).await;
    made_again(&server, &config).await;

    // One has something to store, and the other one a refusal to prove.
    let (stored, refused) = join(one.send(deposit(account, 1)), other.send(open(account))).await;
    for reply in [stored, refused] {
        let Err(Failure::Unavailable { detail }) = &reply else { panic!("{reply:?}") };
        assert!(detail.contains("ends at position 0, and has been read up to 21"), "{detail}");
    }
    assert_eq!(one.log.end().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_stores_nothing_behind_entries_that_took_the_place_of_those_it_has_read() {
    let mut server = nats().await;
    let (one, other) = (writer(&server.url()).await, writer(&server.url()).await);
    let account = Uuid::new_v4();
    fill(&one, account).await;
    assert!(other.send(open(account)).await.is_err()); // it has read all that
    let config = deleted(&server).await;
    made_again(&server, &config).await;
    server.restart().await;
    let anew = writer(&server.url()).await;
    fill(&anew, account).await; // as many entries as before

    // One has something to store, and the other one a refusal to prove.
    let (stored, refused) = join(one.send(deposit(account, 1)), other.send(open(account))).await;
    for reply in [stored, refused] {
        let Err(Failure::Unavailable { detail }) = &reply else { panic!("{reply:?}") };
        assert!(detail.contains("position 21 does not hold what was read there"), "{detail}");
    }
    assert_eq!(anew.send(deposit(account, 1)).await.unwrap().position, 22);
    assert_eq!(entries(&anew.log).await.len(), 22);
    assert!(one.send(deposit(account, 1)).await.is_err(), "though the log is longer now");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_one_command_may_take_half_a_mebibyte() {
    let server = nats().await;
    let service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    let with = |kib: usize| {
        let mut deposit = deposit(account, 1);
        deposit.context.metadata.insert("note".into(), json!("x".repeat(kib * 1024)));
        deposit
    };
    let all: Vec<_> = [1, 511, 513, 1, 400, 700, 1, 300, 300].into_iter().map(with).collect();
    let replies = join_all(all.iter().map(|command| service.send(command.clone()))).await;

    for (number, reply) in replies.iter().enumerate() {
        match number {
            2 | 5 => {
                let too_large =
                    matches!(reply, Err(Failure::PayloadTooLarge { bytes }) if *bytes > 512 * 1024);
                assert!(too_large, "{number}: {:?}", reply.as_ref().map(|it| it.version));
            }
            _ => assert!(reply.is_ok(), "{number}: {:?}", reply.as_ref().err()),
        }
    }
    assert_eq!(balance(&service.log, account).await, 7);
    let versions: Vec<_> = replies.iter().flatten().map(|reply| reply.version).collect();
    assert_eq!(versions, (2..=8).collect::<Vec<_>>(), "in order of arrival");
}
