//! The command service and a nats-server that comes, goes, and comes back.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod bank;

use std::time::Duration;

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_command::{Config, MemoryArgs, run};
use annals_core::bus::{CommandReply, Failure};
use annals_nats::{Bus, Nats};
use annals_testkit::{eventually, eventually_within, nats};
use bank::{deposit, open};
use futures_util::future::join_all;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn start(url: &str) -> (JoinHandle<anyhow::Result<()>>, CancellationToken) {
    let shutdown = CancellationToken::new();
    let config = Config {
        nats: NatsArgs { nats: url.into(), nats_monitor: None },
        health: HealthArgs::default(),
        memory: MemoryArgs::default(),
    };
    (tokio::spawn(run(config, annals_domains::catalog(), shutdown.clone())), shutdown)
}

async fn stopped(service: JoinHandle<anyhow::Result<()>>, shutdown: &CancellationToken) {
    shutdown.cancel();
    let ended = timeout(Duration::from_secs(10), service).await;
    ended.expect("it ends within 10 s").unwrap().unwrap();
}

/// The same command until it is carried out.
async fn carried_out(bus: &Bus, account: Uuid) -> u64 {
    let command = deposit(account, 1);
    let given = eventually_within(Duration::from_secs(30), "it is carried out", async || {
        bus.command(&command).await.ok()
    });
    given.await.version
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_come_late_and_go_in_between() {
    let mut server = nats().await;
    let url = server.url();
    server.kill().await;

    let (service, shutdown) = start(&url);
    let bus = Nats::connect(&url, "test").await.unwrap().bus();
    server.restart().await;
    eventually("the service is there", async || bus.present("annals-command").await).await;

    let account = Uuid::new_v4();
    assert_eq!(bus.command(&open(account)).await.unwrap().version, 1);
    for version in 2..5 {
        server.kill().await;
        server.restart().await;
        assert_eq!(carried_out(&bus, account).await, version);
    }
    stopped(service, &shutdown).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_it_ends_all_the_same() {
    let mut server = nats().await;
    let (early, stop_early) = start(&server.url());
    let bus = Nats::connect(&server.url(), "test").await.unwrap().bus();
    eventually("the service is there", async || bus.present("annals-command").await).await;

    server.kill().await;
    let (late, stop_late) = start(&server.url()); // which never sees a log
    tokio::join!(stopped(early, &stop_early), stopped(late, &stop_late));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_answers_what_has_come_in_and_leaves_the_rest_to_others() {
    let server = nats().await;
    let (service, shutdown) = start(&server.url());
    let bus = Nats::connect(&server.url(), "test").await.unwrap().bus();
    eventually("the service is there", async || bus.present("annals-command").await).await;
    let account = Uuid::new_v4();
    bus.command(&open(account)).await.unwrap();

    // Many at once, and a stop in the middle of them: each is carried out, or nobody was there.
    let many = (0..500).map(|_| {
        let (bus, command) = (bus.clone(), deposit(account, 1));
        tokio::spawn(async move { bus.command(&command).await })
    });
    let many: Vec<_> = many.collect();
    eventually("some are carried out", async || many.iter().any(JoinHandle::is_finished)).await;
    stopped(service, &shutdown).await;

    let answers: Vec<CommandReply> = join_all(many).await.into_iter().map(Result::unwrap).collect();
    let is = |answer: &CommandReply| match answer {
        Ok(_) => "carried out",
        Err(Failure::Unavailable { .. }) => "left to others",
        Err(Failure::OutcomeUnknown) => "lost",
        Err(_) => "something else",
    };
    let count = |what| answers.iter().filter(|answer| is(answer) == what).count();
    assert!(count("carried out") > 0 && count("something else") == 0, "{answers:?}");
    // What comes in the very moment of the unsubscription is thrown away by the client (decision 5).
    assert!(count("lost") <= 5, "{} of 500 are lost", count("lost"));
}
