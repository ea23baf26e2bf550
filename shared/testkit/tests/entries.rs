//! Hundreds of commands in flight go to the log in entries of many commits, and everything is killed while one is
//! on its way: every promise is kept.
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
    let entries = cluster.evidence().audit(&ledger).await;
    assert!(entries.largest() >= 16, "there is no large entry: {entries}");
    assert_eq!(ledger.count("no answer"), 0, "the gateway answers whatever happens to the others");
}

/// Kills them while an entry is at each moment of its way from the command service, and at a random one.
async fn kill_amid_entries(victims: Victims) {
    let _alone = TRIAL.lock().await;
    let (mut cluster, proxy) = Cluster::start_with_proxy().await;
    let load = load(&cluster, 160).await;
    for moment in (0..kills()).flat_map(|_| Moment::ALL.map(Some).into_iter().chain([None])) {
        load.acknowledges(rand::random_range(20..120)).await;
        println!("  to be killed at: {moment:?}");
        match moment {
            Some(moment) => {
                let held = proxy.hold(moment).await;
                println!("  with {} commits", held.commits());
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
async fn a_nats_server_killed_amid_entries_loses_nothing_and_leaves_none_in_part() {
    kill_amid_entries(NATS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_service_killed_amid_entries_loses_nothing_and_stores_nothing_twice() {
    kill_amid_entries(COMMAND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_killed_amid_entries_lose_nothing_and_store_nothing_twice() {
    kill_amid_entries(BOTH).await;
}

/// The one that writes is killed, and the other one takes over while commands are on their way.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_amid_entries() {
    let _alone = TRIAL.lock().await;
    let (mut cluster, proxy) = Cluster::start_with_proxy().await;
    cluster.run(Service::Command.second()).await;
    cluster.ready().await;
    let load = load(&cluster, 64).await;
    load.acknowledges(300).await;
    let held = proxy.hold(Moment::AfterPublish).await;
    cluster.kill(Service::Command).await;
    held.cut();
    load.acknowledges(300).await;
    cluster.run(Service::Command).await;
    audit(&cluster, load).await;
}
