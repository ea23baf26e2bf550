//! Thousands of transfers, while what makes them is killed whenever it has begun again.

use std::time::{Duration, Instant};

use annals_testkit::{Client, Cluster, Plan, Service, Transfers, eventually_within};

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Fewer would not have hit much.
const LEAST_KILLS: usize = 8;

/// How soon after a kill there is progress.
const AT_WORK: Duration = Duration::from_secs(30);

/// So many entries are progress.
const PROGRESS: u64 = 50;

/// How far the view has come; 0 while it cannot be asked.
async fn reached(client: &Client) -> u64 {
    let answer = client.get("/v1/views/transfers?limit=1").attempt().await;
    answer.ok().and_then(|answer| answer.header("annals-position").parse().ok()).unwrap_or_default()
}

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
    let mut victims = [Service::Reactor, Service::Command].into_iter().cycle();
    let mut ended = false;
    while !ended {
        assert!(begun.elapsed() < PATIENCE, "not all of them have ended after {kills} kills");
        let victim = victims.next().expect("they come again");
        let before = reached(&cluster).await;
        cluster.kill(victim).await;
        cluster.run(victim).await;
        kills += 1;
        println!("  {kills}: {victim:?} at {before}, {:?}", begun.elapsed());
        // It is at work again once the lease of the one that was killed has run out.
        ended = eventually_within(AT_WORK, "it goes on", async || {
            let all = transfers.are_requested()
                && shown(&cluster, "pending", transfers.position()).await == Some(0);
            (all || reached(&cluster).await > before + PROGRESS).then_some(all)
        })
        .await;
    }
    println!("all have ended after {kills} kills in {:?}", begun.elapsed());
    assert!(kills >= LEAST_KILLS, "after {kills} kills all had ended");
    let completed = shown(&cluster, "completed", transfers.position()).await;
    assert!(completed >= Some(200), "money moves, too: {completed:?} were completed");

    let ledger = transfers.answers().await;
    cluster.evidence().audit(&ledger).await;
}
