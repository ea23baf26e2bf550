//! NATS absent, restarted, gone and back.

use annals_testkit::{eventually, raw};

use crate::world::World;

#[tokio::test]
async fn nats_may_be_absent_at_the_start() {
    let mut world = World::new().await;
    world.ring(3).await;
    world.server.kill().await;
    let instance = world.start(&["striker"]);
    eventually("it waits", async || instance.printed().contains("waiting for the log")).await;

    world.server.restart().await;
    world.each_once(10, "chime", "ChimeStruck", 3).await;
    instance.stop().await;
}

#[tokio::test]
async fn after_a_restart_everything_goes_on_and_nothing_is_done_twice() {
    let mut world = World::new().await;
    let instances = [world.start(&["striker"]), world.start(&["striker"])];
    let mut bells = 0;
    for _ in 0..3 {
        world.commands.hold(Some("strike"));
        let before = world.commands.received();
        world.ring(10).await;
        eventually("they are begun", async || world.commands.received() >= before + 10).await;

        world.server.restart().await;
        world.commands.hold(None);
        bells += 10;
        world.each_once(10, "chime", "ChimeStruck", bells).await;
    }
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", bells).await;
    for instance in instances {
        instance.stop().await;
    }
}

#[tokio::test]
async fn nats_may_be_gone_for_a_while() {
    let mut world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeStruck", 3).await;

    world.server.kill().await;
    eventually("it steps back", async || instance.printed().contains("striker may work elsewhere now")).await;
    world.server.restart().await;
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeStruck", 6).await;
    eventually("nothing is in the way", async || instance.degraded().await.is_empty()).await;
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", 6).await;
    instance.stop().await;
}

#[tokio::test]
async fn a_deleted_consumer_is_made_again() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(1).await;
    world.each_once(10, "chime", "ChimeStruck", 1).await;

    let names = raw(&world.server.url(), "$JS.API.CONSUMER.NAMES.EVENTS", "").await;
    let names: serde_json::Value = serde_json::from_str(&names).unwrap();
    for name in names["consumers"].as_array().unwrap() {
        let subject = format!("$JS.API.CONSUMER.DELETE.EVENTS.{}", name.as_str().unwrap());
        assert!(raw(&world.server.url(), &subject, "").await.contains("\"success\":true"));
    }
    world.ring(1).await;
    world.each_once(20, "chime", "ChimeStruck", 2).await;
    eventually("nothing is in the way", async || instance.degraded().await.is_empty()).await;
    instance.stop().await;
}
