//! Half an hour of work with clients that read nothing: memory stays where it is, and no promise is
//! broken. And a minute with clients that follow the log and read nothing of it.
//!
//! `ANNALS_SOAK_MINUTES` says how long: 30, unless told otherwise.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod followers;
mod memory;
mod silent;

use std::{env, time::Duration};

use annals_testkit::{Cluster, Load, Pace};
use memory::Memory;
use silent::SilentClients;
use tokio::time::interval;

/// Commands per second.
const PACE: u32 = 300;
/// How often memory is looked at.
const EVERY: Duration = Duration::from_secs(10);

fn minutes() -> u64 {
    env::var("ANNALS_SOAK_MINUTES").map_or(30, |minutes| minutes.parse().expect("a number of minutes"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half an hour; .ci/full runs it"]
async fn memory_stays_where_it_is_for_half_an_hour() {
    let cluster = Cluster::start().await;
    let pace = Pace { writers: 32, per_second: PACE, accounts: 64, seed: rand::random() };
    let load = Load::start(&cluster, pace).await;
    let silent = SilentClients::start(50, cluster.base_url());

    let mut memory = Memory::default();
    let mut ticks = interval(EVERY);
    for _ in 0..=minutes() * 60 / EVERY.as_secs() {
        ticks.tick().await;
        memory.look(&cluster.pids());
    }
    let cut = silent.stop().await;
    println!("{memory}\nclients that read nothing were cut {cut} times");
    memory.write();
    let ledger = load.stop().await;
    cluster.evidence().audit(&ledger).await;

    let (answered, asked) = (ledger.answered(), u64::from(PACE) * minutes() * 60);
    assert!(answered * 10 >= asked * 9, "the pace was not kept: {answered} of {asked} commands");
    assert!(cut >= 50, "every client that reads nothing is cut: {cut} times");
    memory.assert_flat();
}
