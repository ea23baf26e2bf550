//! Commands that nobody waits for, while everything is killed: each is carried out once, and what is told
//! about it is true.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod errands;

use std::time::Duration;

use annals_testkit::{Cluster, Service, eventually, eventually_within};
use errands::{Errand, Errands, Order};
use futures_util::{StreamExt, future::join, stream};
use rand::{Rng, seq::IndexedRandom};
use uuid::Uuid;

const ACCOUNTS: usize = 8;
const COMMANDS: usize = 300;

/// How many are given, and asked about, at once.
const AT_ONCE: usize = 16;

/// How soon after a kill something goes on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who may be killed; `None` is nats-server.
const VICTIMS: [Option<Service>; 5] =
    [Some(Service::Gateway), Some(Service::Command), Some(Service::Projector), Some(Service::Reactor), None];

/// Kills some of it, and starts that again in another order.
async fn kill(cluster: &mut Cluster, victims: &[Option<Service>]) {
    for victim in victims {
        match victim {
            Some(service) => cluster.kill(*service).await,
            None => cluster.kill_nats().await,
        }
    }
    for victim in victims.iter().rev() {
        match victim {
            Some(service) => cluster.run(*service).await,
            None => cluster.run_nats().await,
        }
    }
}

/// Gives everything and waits for every outcome.
async fn run(errands: &Errands, orders: Vec<Order>) -> Vec<Errand> {
    let given = stream::iter(orders).map(|order| errands.give(order)).buffer_unordered(AT_ONCE);
    let given: Vec<_> = given.collect().await;
    stream::iter(given).map(|taken| errands.outcome(taken)).buffer_unordered(AT_ONCE).collect().await
}

/// Kills one of them, or all of them, again and again until everything has an outcome.
async fn kill_at_random(cluster: &mut Cluster, errands: &Errands, wanted: usize) {
    let mut kills = 0;
    while errands.ended() < wanted {
        let so_far = errands.steps() + rand::rng().random_range(1..40);
        eventually_within(PATIENCE, "it goes on after a kill", async || {
            errands.ended() == wanted || errands.steps() >= so_far
        })
        .await;
        let one = [*VICTIMS.choose(&mut rand::rng()).unwrap()];
        kill(cluster, if rand::rng().random_ratio(1, 4) { &VICTIMS } else { &one }).await;
        kills += 1;
    }
    println!("{kills} kills");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_each_is_carried_out_once_and_its_outcome_is_true() {
    let mut cluster = Cluster::start().await;
    cluster.run(Service::Command.second()).await;
    let errands = Errands::new(&cluster);
    let accounts: Vec<Uuid> = (0..ACCOUNTS).map(|_| Uuid::new_v4()).collect();
    let opened = run(&errands, accounts.iter().map(|account| Order::open(*account)).collect()).await;

    let orders = (0..COMMANDS).map(|_| Order::draw(*accounts.choose(&mut rand::rng()).unwrap()));
    let all = run(&errands, orders.collect());
    let (mut all, ()) = join(all, kill_at_random(&mut cluster, &errands, ACCOUNTS + COMMANDS)).await;
    println!("{}", errands::tally(&all));

    cluster.ready().await;
    all.extend(opened);
    errands.are_true(&all).await;
    cluster.evidence().audit(&errands::ledger(&all)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_a_moment_before_everything_is_killed_is_carried_out() {
    let mut cluster = Cluster::start().await;
    let errands = Errands::new(&cluster);
    cluster.kill(Service::Command).await; // so that all of them wait
    eventually("the gateway takes commands all the same", async || {
        cluster.get("/readyz").await.status == 503
    })
    .await;

    let account = Uuid::new_v4();
    let mut given = Vec::new();
    for order in [Order::open(account)].into_iter().chain((0..50).map(|_| Order::deposit(account))) {
        given.push(errands.give(order).await);
    }
    assert!(errands.is_pending(&given[0]).await);
    kill(&mut cluster, &VICTIMS).await;

    let ended: Vec<_> = stream::iter(given).then(|taken| errands.outcome(taken)).collect().await;
    cluster.ready().await;
    errands.are_true(&ended).await;
    // They may be carried out in any order, and so some before the account is open.
    let succeeded = ended.iter().filter(|errand| errand.succeeded()).count();
    let stream = cluster.get(&format!("/v1/streams/account/{account}")).await.accepted();
    assert_eq!(stream["version"], succeeded);
    cluster.evidence().audit(&errands::ledger(&ended)).await;
}
