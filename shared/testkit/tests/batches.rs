//! Hundreds of commands in flight go to the log in atomic batches, and everything is killed in the middle of
//! those: every promise is kept.
//!
//! `ANNALS_KILLS` says how often each victim is killed: once, unless told otherwise.

use std::env;

use annals_testkit::{Cluster, Load, Moment, Pace, Service};
use tokio::sync::Mutex;

/// One trial at a time: hundreds of commands at once are enough for a machine.
static TRIAL: Mutex<()> = Mutex::const_new(());

/// Who may be killed; `None` is nats-server.
type Victims = &'static [Option<Service>];

const NATS: Victims = &[None];
const COMMAND: Victims = &[Some(Service::Command)];
const BOTH: Victims = &[None, Some(Service::Command)];

fn kills() -> u32 {
    env::var("ANNALS_KILLS").map_or(1, |kills| kills.parse().expect("ANNALS_KILLS is a number"))
}

/// As many commands in flight as there are writers, since none of them waits for its turn.
async fn load(cluster: &Cluster) -> Load {
    let pace = Pace { writers: 256, per_second: 10_000, accounts: 256, seed: rand::random() };
    Load::start(cluster, pace).await
}

async fn kill(cluster: &mut Cluster, victims: Victims) {
    for victim in victims {
        match victim {
            Some(service) => cluster.kill(*service).await,
            None => cluster.kill_nats().await,
        }
    }
}

async fn run(cluster: &mut Cluster, victims: Victims) {
    for victim in victims {
        match victim {
            Some(service) => cluster.run(*service).await,
            None => cluster.run_nats().await,
        }
    }
}

/// Stops the load and holds everything against what clients were told.
async fn audit(cluster: &Cluster, load: Load) {
    let ledger = load.stop().await;
    let batches = cluster.evidence().audit(&ledger).await;
    assert!(batches.largest() >= 64, "there is no large batch: {batches}");
    assert_eq!(ledger.count("no answer"), 0, "the gateway answers whatever happens to the others");
}

/// Kills them at random moments.
async fn kill_at_random(victims: Victims) {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    let load = load(&cluster).await;
    for _ in 0..kills() {
        load.acknowledges(rand::random_range(300..1000)).await;
        kill(&mut cluster, victims).await;
        run(&mut cluster, victims).await;
    }
    load.acknowledges(300).await;
    audit(&cluster, load).await;
}

/// Kills them while a batch is at that moment of its way from the command service.
async fn kill_inside(victims: Victims, moments: impl IntoIterator<Item = Moment>) {
    let _alone = TRIAL.lock().await;
    let (mut cluster, proxy) = Cluster::start_with_proxy().await;
    let load = load(&cluster).await;
    for moment in moments {
        load.acknowledges(rand::random_range(100..300)).await;
        let held = proxy.hold(moment).await;
        println!("  {moment:?}, of a batch of {}", held.subjects().len());
        kill(&mut cluster, victims).await;
        held.cut();
        run(&mut cluster, victims).await;
    }
    load.acknowledges(300).await;
    audit(&cluster, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_killed_at_random_stores_no_batch_in_part() {
    kill_at_random(NATS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_service_killed_at_random_stores_no_batch_in_part() {
    kill_at_random(COMMAND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_killed_at_random_store_no_batch_in_part() {
    kill_at_random(BOTH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_killed_inside_a_batch_loses_nothing() {
    kill_inside(NATS, Moment::ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_service_killed_inside_a_batch_loses_nothing() {
    kill_inside(COMMAND, Moment::ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_killed_inside_a_batch_lose_nothing() {
    kill_inside(BOTH, Moment::ALL).await;
}
