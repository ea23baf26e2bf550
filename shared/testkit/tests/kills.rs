//! Everything is killed at random moments under load, and every promise is kept.
//!
//! `ANNALS_KILLS` says how often each victim is killed: once, unless told otherwise.

mod trial;

use std::{env, time::Duration};

use annals_testkit::{Client, Cluster, Ledger, Load, Pace, Service, System};
use rand::seq::SliceRandom;
use tokio::sync::Mutex;
use trial::Restart;

/// One trial at a time: what is to be back within five seconds gets the machine for itself.
static TRIAL: Mutex<()> = Mutex::const_new(());

fn kills() -> u32 {
    env::var("ANNALS_KILLS").map_or(1, |kills| kills.parse().expect("ANNALS_KILLS is a number"))
}

async fn load(client: &Client) -> Load {
    Load::start(client, Pace { writers: 32, per_second: 200, accounts: 48, seed: rand::random() }).await
}

/// A random moment comes.
async fn moment(load: &Load) {
    load.acknowledges(rand::random_range(50..250)).await;
}

/// Lets some load pass, stops it, and holds everything against what clients were told.
async fn audit(cluster: &Cluster, load: Load) -> Ledger {
    moment(&load).await;
    let ledger = load.stop().await;
    cluster.evidence().audit(&ledger).await;
    ledger
}

/// A gateway that runs answers every request, whatever has happened to the others.
fn everything_was_answered(ledger: &Ledger, victim: Service) {
    assert!(victim == Service::Gateway || ledger.count("no answer") == 0, "{ledger}");
}

/// Kills one service again and again. `back` waits until it serves.
async fn kill(victim: Service, back: impl AsyncFn(&Restart, &Load, &Client)) {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    let load = load(&cluster).await;
    for _ in 0..kills() {
        moment(&load).await;
        let restart = Restart::about_to_kill(&load);
        cluster.kill(victim).await;
        let restart = restart.now();
        cluster.run(victim).await;
        back(&restart, &load, &cluster).await;
    }
    everything_was_answered(&audit(&cluster, load).await, victim);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateway_loses_nothing() {
    kill(Service::Gateway, async |restart, load, _| restart.commands_are_taken(load).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_command_service_loses_nothing() {
    kill(Service::Command, async |restart, load, _| restart.commands_are_taken(load).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_projector_loses_nothing() {
    kill(Service::Projector, async |restart, load, client| restart.views_follow(load, client).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_reactor_loses_nothing() {
    kill(Service::Reactor, async |restart, load, client| restart.reactors_react(load, client).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_nats_server_loses_nothing() {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    let load = load(&cluster).await;
    for _ in 0..kills() {
        moment(&load).await;
        let restart = Restart::about_to_kill(&load);
        cluster.kill_nats().await;
        let restart = restart.now();
        cluster.run_nats().await;
        restart.everything_is_back(&load, &cluster).await;
    }
    audit(&cluster, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_annals_up_loses_nothing() {
    let _alone = TRIAL.lock().await;
    let mut system = System::start_with(&["--log", "json"]).await;
    let load = load(&system).await;
    for _ in 0..kills() {
        moment(&load).await;
        let restart = Restart::about_to_kill(&load);
        system.kill().await;
        let restart = restart.now();
        system.start_again().await;
        restart.everything_is_back(&load, &system).await;
    }
    moment(&load).await;
    let ledger = load.stop().await;
    system.evidence().audit(&ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_killed_at_once_loses_nothing() {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    let load = load(&cluster).await;
    for _ in 0..kills() {
        moment(&load).await;
        let restart = Restart::about_to_kill(&load);
        let mut order: Vec<_> = Service::ALL.into_iter().map(Some).chain([None]).collect();
        order.shuffle(&mut rand::rng());
        println!("started again in this order, nats-server last as None: {order:?}");
        for service in Service::ALL {
            cluster.kill(service).await;
        }
        cluster.kill_nats().await;
        for one in order {
            match one {
                Some(service) => cluster.run(service).await,
                None => cluster.run_nats().await,
            }
        }
        let restart = restart.now();
        restart.everything_is_back(&load, &cluster).await;
    }
    audit(&cluster, load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_of_a_service_the_other_one_goes_on() {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    let seconds = [Service::Command.second(), Service::Reactor.second()];
    for second in seconds {
        cluster.run(second).await;
    }
    cluster.ready().await;
    let load = load(&cluster).await;
    for _ in 0..kills() {
        for service in [Service::Command, Service::Reactor] {
            moment(&load).await;
            let restart = Restart::about_to_kill(&load).now();
            cluster.kill(service).await;
            restart.commands_are_taken(&load).await;
            cluster.run(service).await;
        }
    }
    for second in seconds {
        moment(&load).await;
        assert!(cluster.terminate(second).await.status.success());
    }
    audit(&cluster, load).await;
}

/// Asks one service to end, as every deployment does.
async fn terminate(service: Service) {
    let _alone = TRIAL.lock().await;
    let mut cluster = Cluster::start().await;
    let load = load(&cluster).await;
    for _ in 0..kills() {
        moment(&load).await;
        let ended = cluster.terminate(service).await;
        println!("{service:?} ended {:?} after it was asked", ended.took);
        assert!(ended.status.success(), "it ended with {}", ended.status);
        assert!(ended.took < Duration::from_secs(10), "it took {:?}", ended.took);
        cluster.run(service).await;
        cluster.ready().await;
    }
    everything_was_answered(&audit(&cluster, load).await, service);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_asked_to_end_loses_nothing() {
    terminate(Service::Gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_service_that_is_asked_to_end_loses_nothing() {
    terminate(Service::Command).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_is_asked_to_end_loses_nothing() {
    terminate(Service::Projector).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reactor_that_is_asked_to_end_loses_nothing() {
    terminate(Service::Reactor).await;
}
