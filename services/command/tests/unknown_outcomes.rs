//! Acknowledgements that get lost: what was stored is a success, once, and is told as what it is.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod bank;

use std::{collections::BTreeSet, time::Duration};

use annals_core::{StreamId, bus::Failure};
use annals_nats::Log;
use annals_testkit::{Acknowledgements, Proxy, eventually_within, nats};
use bank::{Service, deposit, open};
use futures_util::future::join_all;
use uuid::Uuid;

const ACCOUNTS: usize = 100;

/// Whoever waits behind those whose acknowledgements get lost waits for their time-outs.
const TRIES: Duration = Duration::from_secs(30);

/// A deposit whose acknowledgement gets lost, and another writer's on top of it before it is asked for
/// again. Gives the versions of both.
async fn overtaken(unlucky: &Service, lucky: &Service, account: Uuid) -> (u64, u64) {
    let before = lucky.last(account).await;
    let command = deposit(account, 1);
    let id = command.id;
    let second = async {
        eventually_within(TRIES, "the unlucky one is stored", async || lucky.last(account).await > before)
            .await;
        lucky.give(deposit(account, 1)).await.unwrap()
    };
    let (first, second) = tokio::join!(unlucky.give(command), second);
    let first = first.expect("it is stored, so it is a success");
    assert_eq!((first.command_id, first.replayed, first.events.len()), (id, false, 1));
    (first.version, second.version)
}

/// The deposits of an account: each once, in order.
async fn assert_gapless(service: &Service, account: Uuid, deposits: usize) {
    let commits = service.log.read_latest(&StreamId::new("account", account), 0).await.unwrap();
    let ids: BTreeSet<_> = commits.iter().map(|stored| stored.commit.id).collect();
    let versions = commits.iter().map(|stored| stored.commit.version());
    assert_eq!((commits.len(), ids.len()), (deposits + 1, deposits + 1), "none is doubled");
    assert!(versions.eq(1..=deposits as u64 + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_lost_acknowledgements_double_nothing_and_refuse_nothing() {
    let nats = nats().await;
    let proxy = Proxy::start(&nats.url()).await;
    let (unlucky, lucky) = (Service::at(&proxy.url()).await, Service::at(&nats.url()).await);
    let accounts: Vec<Uuid> = (0..ACCOUNTS).map(|_| Uuid::new_v4()).collect();
    for account in &accounts {
        lucky.give(open(*account)).await.unwrap();
    }

    for round in 1..=5 {
        proxy.acknowledgements(Acknowledgements::GetLost);
        let given = join_all(accounts.iter().map(|account| overtaken(&unlucky, &lucky, *account))).await;
        assert!(given.iter().all(|versions| *versions == (2 * round, 2 * round + 1)), "{given:?}");
    }
    assert!(proxy.lost() >= 5 * ACCOUNTS as u64, "only {} got lost", proxy.lost());

    for account in accounts {
        assert_gapless(&lucky, account, 10).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_with_the_acknowledgement_doubles_nothing() {
    let nats = nats().await;
    let proxy = Proxy::start(&nats.url()).await;
    let (unlucky, lucky) = (Service::at(&proxy.url()).await, Service::at(&nats.url()).await);
    let account = Uuid::new_v4();
    lucky.give(open(account)).await.unwrap();

    for round in 1..=10 {
        proxy.acknowledgements(Acknowledgements::CutTheConnection);
        assert_eq!(overtaken(&unlucky, &lucky, account).await, (2 * round, 2 * round + 1));
        assert_eq!(proxy.lost(), round);
    }
    assert_gapless(&lucky, account, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_log_is_an_unknown_outcome_and_the_repeat_finds_what_was_stored() {
    let nats = nats().await;
    let service = Service::at(&nats.url()).await;
    let account = Uuid::new_v4();
    let command = open(account);

    nats.pause();
    let unknown = service.give(command.clone()).await.unwrap_err();
    assert!(matches!(unknown, Failure::OutcomeUnknown | Failure::Unavailable { .. }), "{unknown:?}");
    nats.resume();

    let repeat = service.give(command).await.unwrap();
    assert_eq!((repeat.version, repeat.events.len()), (1, 1));
    assert_gapless(&service, account, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_falls_silent_in_mid_append_leaves_the_outcome_open() {
    let nats = nats().await;
    let service = Service::at(&nats.url()).await;
    let account = Uuid::new_v4();
    service.give(open(account)).await.unwrap();
    let command = deposit(account, 5);

    nats.pause(); // the state is known, so the first thing that is asked of the log is to append
    assert_eq!(service.give(command.clone()).await.unwrap_err(), Failure::OutcomeUnknown);
    nats.resume();

    assert_eq!(service.give(command).await.unwrap().version, 2);
    assert_gapless(&service, account, 1).await;
}
