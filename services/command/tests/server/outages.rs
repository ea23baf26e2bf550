//! The command service and a nats-server that comes, goes, and comes back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use annals_core::{
    bus::{CommandReply, Failure},
    log::Log,
};
use annals_nats::{Bus, Nats};
use annals_testkit::{TestNats, eventually, eventually_within, nats, raw};
use futures_util::future::join_all;
use tokio::{task::JoinHandle, time::timeout};
use uuid::Uuid;

use crate::{
    bank::{again, balance, deposit, open, withdraw},
    service::{Running, assert_once, log, present, world, writer},
};

const SOON: Duration = Duration::from_secs(30);

/// The same command until it is carried out; its version.
async fn carried_out(bus: &Bus, account: Uuid) -> u64 {
    let command = deposit(account, 1);
    let sent =
        eventually_within(SOON, "it is carried out", async || bus.command(&again(&command)).await.ok());
    sent.await.version
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_come_late_and_go_in_between() {
    let mut server = nats().await;
    server.kill().await;

    let service = Running::at(&server);
    let bus = Nats::connect(&server.url(), "test").await.unwrap().bus();
    server.restart().await;
    present(&bus).await;

    let account = Uuid::new_v4();
    assert_eq!(bus.command(&open(account)).await.unwrap().version, 1);
    for version in 2..5 {
        server.kill().await;
        server.restart().await;
        assert_eq!(carried_out(&bus, account).await, version);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_it_ends_all_the_same() {
    let (mut server, nats) = world().await;
    let early = Running::at(&server);
    present(&nats.bus()).await;

    server.kill().await;
    let late = Running::at(&server); // which never sees a log
    tokio::join!(early.stop(), late.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stops_answers_what_has_come_in_and_leaves_the_rest_to_others() {
    let (server, nats) = world().await;
    let service = Running::at(&server);
    let bus = nats.bus();
    present(&bus).await;
    let account = Uuid::new_v4();
    bus.command(&open(account)).await.unwrap();

    // Many at once, and a stop in the middle of them: each is carried out, or no instance was there.
    let many = (0..500).map(|_| {
        let (bus, command) = (bus.clone(), deposit(account, 1));
        tokio::spawn(async move { bus.command(&command).await })
    });
    let many: Vec<_> = many.collect();
    eventually("some are carried out", async || many.iter().any(JoinHandle::is_finished)).await;
    service.stop().await;

    let answers: Vec<CommandReply> = join_all(many).await.into_iter().map(Result::unwrap).collect();
    let carried_out = answers.iter().filter(|answer| answer.is_ok()).count();
    let left = answers.iter().filter(|answer| matches!(answer, Err(Failure::Unavailable { .. }))).count();
    assert!(carried_out > 0);
    assert_eq!(carried_out + left, 500, "{:?}", answers.iter().find(|answer| answer.is_err()));
    assert_eq!(assert_once(&log(&server.url()).await).await, carried_out + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_takes_over_from_one_that_was_stopped_without_losing_a_command() {
    let (server, nats) = world().await;
    let (first, bus, account) = (Running::at(&server), nats.bus(), Uuid::new_v4());
    present(&bus).await;
    bus.command(&open(account)).await.unwrap();
    let second = Running::at(&server);
    let done = Arc::new(AtomicU64::new(0));
    let senders = (0..20).map(|_| {
        let (bus, done) = (bus.clone(), done.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                bus.command(&deposit(account, 1)).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    // Both take commands, and are in each other's way.
    eventually_within(SOON, "half of them are done", async || done.load(Ordering::Relaxed) > 500).await;
    first.stop().await;
    for sender in senders {
        sender.await.unwrap();
    }
    second.stop().await;
    assert_eq!(balance(&log(&server.url()).await, account).await, 1000);
}

/// Kills and starts the server whenever so many commands more are done.
async fn kill_now_and_then(server: &mut TestNats, done: &AtomicU64, times: u64, each: u64) {
    for time in 1..=times {
        eventually_within(SOON, "commands are carried out", async || {
            done.load(Ordering::Relaxed) >= time * each
        })
        .await;
        server.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_were_acknowledged_before_the_server_was_killed_are_there_once() {
    const SENDERS: u64 = 32;
    const EACH: u64 = 40;
    let mut server = nats().await;
    let service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let senders = (0..SENDERS).map(|_| {
        let (executor, done) = (service.executor.clone(), done.clone());
        tokio::spawn(async move {
            for _ in 0..EACH {
                let mut command = deposit(account, 1);
                while executor.execute(command.clone()).await.is_err() {
                    command = again(&command);
                    tokio::task::yield_now().await;
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let senders: Vec<_> = senders.collect();
    kill_now_and_then(&mut server, &done, 3, SENDERS * EACH / 4).await;
    for sender in senders {
        timeout(2 * SOON, sender).await.expect("writing goes on by itself").unwrap();
    }
    assert_eq!(balance(&service.log, account).await.cast_unsigned(), SENDERS * EACH);
    assert_eq!(assert_once(&service.log).await as u64, SENDERS * EACH + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_nothing_is_done_and_that_is_said() {
    let mut server = nats().await;
    let service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    server.kill().await;
    eventually("it is noticed", async || !service.log.nats().is_connected()).await;
    let (deposit, withdrawal) = (deposit(account, 1), withdraw(account, 1));
    let (stored, refused) = tokio::join!(service.send(deposit.clone()), service.send(withdrawal));
    for reply in [stored, refused] {
        let failure = reply.unwrap_err();
        assert!(matches!(failure, Failure::Unavailable { .. }), "{failure:?}");
    }
    server.restart().await;
    eventually_within(SOON, "writing goes on", async || service.send(again(&deposit)).await.is_ok()).await;
    assert_eq!(service.log.end().await.unwrap(), 2);
}

/// Whether somebody reads the log, or has begun to.
async fn is_followed(server: &TestNats) -> bool {
    raw(&server.url(), "$JS.API.CONSUMER.NAMES.EVENTS", "").await.contains("command-")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_server_goes_away_while_the_log_is_folded_begins_in_the_end() {
    let (mut server, nats) = world().await;
    let first = writer(&server.url()).await;
    let account = Uuid::new_v4();
    first.send(open(account)).await.unwrap();
    for version in 2..2000 {
        assert_eq!(first.send(deposit(account, 1)).await.unwrap().version, version);
    }
    first.stop().await;
    server.restart().await; // without the consumers of before

    let service = Running::at(&server);
    for _ in 0..4 {
        eventually("the log is being folded", async || is_followed(&server).await).await;
        server.restart().await;
    }
    let bus = nats.bus();
    eventually_within(SOON, "the service is there", async || bus.present("annals-command").await).await;
    assert_eq!(carried_out(&bus, account).await, 2000);
    service.stop().await;
}
