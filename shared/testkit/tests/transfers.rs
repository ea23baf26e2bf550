//! Two thousand transfers, while what makes them is killed once a second.

use std::time::{Duration, Instant};

use annals_testkit::{Client, Cluster, Plan, Service, Transfers};
use tokio::time::{MissedTickBehavior, interval};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Fewer would not have hit much.
const LEAST_KILLS: usize = 10;

/// How many the view shows of this status, up to 500, once it has everything up to a position.
async fn shown(client: &Client, status: &str, position: u64) -> Option<usize> {
    let call = client.get(&format!("/v1/views/transfers?status={status}&limit=500"));
    let answer = call.header("Annals-Min-Position", &position.to_string()).attempt().await.ok()?;
    Some(answer.json["rows"].as_array()?.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transfer_ends_though_command_and_reactor_are_killed_all_the_time() {
    let mut cluster = Cluster::start().await;
    let plan = Plan { transfers: 2000, accounts: 50, seed: rand::random() };
    let mut transfers = Transfers::start(&cluster, plan).await;

    let (begun, mut kills) = (Instant::now(), 0_usize);
    let mut every = interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every.tick().await; // the first one is now
    for victim in [Service::Command, Service::Reactor].into_iter().cycle() {
        every.tick().await;
        if transfers.are_requested() && shown(&cluster, "pending", transfers.position()).await == Some(0) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "not all of them have ended after {kills} kills");
        cluster.kill(victim).await;
        cluster.run(victim).await;
        kills += 1;
    }
    println!("all have ended after {kills} kills in {:?}", begun.elapsed());
    assert!(kills >= LEAST_KILLS, "after {kills} kills all had ended");
    let completed = shown(&cluster, "completed", transfers.position()).await;
    assert!(completed >= Some(200), "money moves, too: {completed:?} were completed");

    let ledger = transfers.answers().await;
    cluster.evidence().audit(&ledger).await;
}
