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
async fn load(cluster: &Cluster, accounts: usize) -> Load {
    Load::start(cluster, Pace { writers: 256, per_second: 10_000, accounts, seed: rand::random() }).await
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

/// Lets some load pass, stops it, and holds everything against what clients were told.
async fn audit(cluster: &Cluster, load: Load) {
    load.acknowledges(100).await;
    let ledger = load.stop().await;
    let batches = cluster.evidence().audit(&ledger).await;
    assert!(batches.largest() >= 16, "there is no large batch: {batches}");
    assert_eq!(ledger.count("no answer"), 0, "the gateway answers whatever happens to the others");
}

/// Kills them while a batch is at each moment of its way from the command service, and at a random one.
async fn kill_amid_batches(victims: Victims) {
    let _alone = TRIAL.lock().await;
    let (mut cluster, proxy) = Cluster::start_with_proxy().await;
    let load = load(&cluster, 160).await;
    for moment in (0..kills()).flat_map(|_| Moment::ALL.map(Some).into_iter().chain([None])) {
        load.acknowledges(rand::random_range(20..120)).await;
        println!("  to be killed at: {moment:?}");
        match moment {
            Some(moment) => {
                let held = proxy.hold(moment).await;
                kill(&mut cluster, victims).await;
                held.cut();
            }
            None => kill(&mut cluster, victims).await,
        }
        run(&mut cluster, victims).await;
    }
    audit(&cluster, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_server_killed_amid_batches_loses_nothing_and_leaves_none_in_part() {
    kill_amid_batches(NATS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_service_killed_amid_batches_loses_nothing_and_leaves_none_in_part() {
    kill_amid_batches(COMMAND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_killed_amid_batches_lose_nothing_and_leave_none_in_part() {
    kill_amid_batches(BOTH).await;
}

/// Two command services write to the same few accounts: in most batches some are stale.
#[tokio::test(flavor = "multi_thread")]
async fn two_command_services_that_overtake_each_other_in_batches_tell_everybody_the_truth() {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    cluster.run(Service::Command.second()).await;
    cluster.ready().await;
    let load = load(&cluster, 64).await;
    load.acknowledges(300).await;
    audit(&cluster, load).await;
}
