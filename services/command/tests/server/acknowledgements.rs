//! Acknowledgements that get lost: what was stored is a success, once, and is said to be what it is.

use std::time::Duration;

use annals_core::{bus::Failure, log::Log};
use annals_testkit::{Acknowledgements, Proxy, eventually_within, nats};
use futures_util::future::{join, join_all};
use uuid::Uuid;

use crate::{
    bank::{again, balance, deposit, open},
    service::{assert_once, commands, log, writer},
};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_lost_acknowledgements_double_nothing_and_refuse_nothing() {
    let server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let service = writer(&proxy.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    for round in 1..=500 {
        proxy.acknowledgements(Acknowledgements::CutTheConnection);
        let reply = service.send(deposit(account, 1)).await.unwrap();
        assert_eq!((reply.version, reply.replayed), (round + 1, false));
        assert_eq!(proxy.lost(), round, "it got lost");
    }
    let log = log(&server.url()).await;
    assert_eq!(balance(&log, account).await, 500);
    assert_eq!(assert_once(&log).await, 501);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_whose_acknowledgements_get_lost_are_found_below_those_of_another_writer() {
    const ACCOUNTS: usize = 100;
    let server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let (unlucky, lucky) = (writer(&proxy.url()).await, writer(&server.url()).await);
    let accounts: Vec<Uuid> = (0..ACCOUNTS).map(|_| Uuid::new_v4()).collect();
    join_all(accounts.iter().map(|account| lucky.send(open(*account)))).await;
    // It may be that the proxy's connection was used before: what the writer has read is the same.
    proxy.acknowledgements(Acknowledgements::GetLost);
    for round in 1..=5 {
        let end = lucky.log.end().await.unwrap();
        let ours = join_all(accounts.iter().map(|account| unlucky.send(deposit(*account, 1))));
        let on_top = async {
            eventually_within(SOON, "the unlucky one is stored", async || {
                lucky.log.end().await.is_ok_and(|now| now > end)
            })
            .await;
            join_all(accounts.iter().map(|account| lucky.send(deposit(*account, 1)))).await
        };
        let (ours, on_top) = join(ours, on_top).await;
        for reply in ours.iter().chain(&on_top) {
            let reply = reply.as_ref().expect("it is stored, so it is a success");
            assert_eq!((reply.replayed, reply.events.len()), (false, 1));
        }
        assert!(proxy.lost() >= round, "only {} got lost", proxy.lost());
    }
    for account in accounts {
        assert_eq!(commands(&lucky.log, account).await.len(), 11, "gapless");
    }
    assert_once(&lucky.log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_log_leaves_the_outcome_open_and_the_repeat_finds_what_was_stored() {
    let server = nats().await;
    let service = writer(&server.url()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    let command = deposit(account, 5);

    server.pause(); // the state is known, so the first thing that is asked of the log is to append
    let (one, other) = join(service.send(command.clone()), service.send(deposit(account, 6))).await;
    assert_eq!(one.unwrap_err(), Failure::OutcomeUnknown);
    let other = other.unwrap_err();
    assert!(matches!(other, Failure::OutcomeUnknown | Failure::Unavailable { .. }), "{other:?}");
    server.resume();

    let reply =
        eventually_within(SOON, "it is carried out", async || service.send(again(&command)).await.ok());
    assert_eq!(reply.await.events.len(), 1);
    let ids = commands(&service.log, account).await;
    assert_eq!(ids.iter().filter(|id| **id == command.id).count(), 1);
}
