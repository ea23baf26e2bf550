//! Two thousand transfers, while what makes them is killed once a second.

use std::time::{Duration, Instant};

use annals_testkit::{Client, Cluster, Plan, Service, Transfers};
use tokio::time::{MissedTickBehavior, interval};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Whether the view shows none that is pending. It does not answer while it is behind.
async fn have_ended(client: &Client) -> bool {
    let answer = client.get("/v1/views/transfers?status=pending&limit=1").attempt().await;
    answer.is_ok_and(|answer| answer.json["rows"].as_array().is_some_and(Vec::is_empty))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transfer_ends_though_command_and_reactor_are_killed_all_the_time() {
    let mut cluster = Cluster::start().await;
    let plan = Plan { transfers: 2000, accounts: 50, seed: rand::random() };
    let mut transfers = Transfers::start(&cluster, plan).await;

    let (begun, mut kills) = (Instant::now(), 0);
    let mut every = interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every.tick().await; // the first one is now
    for victim in [Service::Command, Service::Reactor].into_iter().cycle() {
        every.tick().await;
        if transfers.are_requested() && have_ended(&cluster).await {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "not all of them have ended after {kills} kills");
        cluster.kill(victim).await;
        cluster.run(victim).await;
        kills += 1;
    }
    println!("all have ended after {kills} kills in {:?}", begun.elapsed());

    let ledger = transfers.answers().await;
    cluster.evidence().audit(&ledger).await;
}
