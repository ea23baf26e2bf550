//! Several instances share the work, and make good what one of them leaves undone.

use std::time::Duration;

use annals_testkit::{eventually, eventually_within, raw};
use tokio::time::{Instant, timeout};

use crate::world::World;

#[tokio::test]
async fn two_instances_share_the_work_and_do_nothing_twice() {
    let world = World::new().await;
    let instances = [world.start(&["striker"]), world.start(&["striker"])];
    // Each has its hands full while nothing is answered, so the other has to help.
    world.commands.hold(Some("strike"));
    world.ring(32).await;
    eventually("both have their hands full", async || world.commands.received() == 32).await;
    world.commands.hold(None);

    world.each_once(10, "chime", "ChimeStruck", 32).await;
    for instance in instances {
        assert!(instance.printed().contains("striker: strike"), "it had its share");
        instance.stop().await;
    }
}

#[tokio::test]
async fn what_a_killed_instance_had_in_hand_is_made_good_by_the_other_within_5_s() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let first = world.start(&["striker"]);
    world.ring(10).await;
    eventually("it has all of them in hand", async || world.commands.received() == 10).await;
    let second = world.start(&["striker"]);
    eventually("the other one is there", async || second.printed().contains("running 1 reactors")).await;

    first.kill().await;
    world.commands.hold(None);
    let killed = Instant::now();

    // The ten that wait are carried out, and answered to nobody: each has to be found done.
    eventually_within(Duration::from_secs(5), "all are settled", async || {
        world.nats.outstanding("reactor-striker").await.is_ok_and(|outstanding| outstanding == 0)
    })
    .await;
    assert!(world.commands.received() >= 20, "somebody else asked again, {:?} later", killed.elapsed());
    world.each_once(1, "chime", "ChimeStruck", 10).await;
    second.stop().await;
}

#[tokio::test]
async fn a_reaction_that_takes_10_s_is_not_given_twice() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let instances = [world.start(&["striker"]), world.start(&["striker"])];
    world.ring(1).await;
    eventually("it is begun", async || world.commands.received() == 1).await;

    // (The bus asks again by itself, under the same id: what counts is what the consumer gives.)
    let url = world.server.url();
    let again = eventually_within(Duration::from_mins(1), "again", async || {
        let info = raw(&url, "$JS.API.CONSUMER.INFO.EVENTS.reactor-striker", "").await;
        !info.contains("\"num_redelivered\":0")
    });
    assert!(timeout(Duration::from_secs(11), again).await.is_err(), "it was given twice");

    world.commands.hold(None);
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", 1).await;
    for instance in instances {
        instance.stop().await;
    }
}
