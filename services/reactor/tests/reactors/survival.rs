//! NATS absent, restarted, gone and back.

use std::time::Duration;

use annals_testkit::{eventually, eventually_within, raw};

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
async fn within_5_s_of_a_restart_everything_goes_on_and_nothing_is_done_twice() {
    let mut world = World::new().await;
    let instances = [world.start(&["striker"]), world.start(&["striker"])];
    let mut bells = 0;
    for _ in 0..3 {
        world.commands.hold(Some("strike"));
        let before = world.commands.received();
        world.ring(10).await;
        eventually("they are in hand", async || world.commands.received() >= before + 10).await;

        world.server.restart().await;
        world.commands.hold(None);
        bells += 10;
        world.each_once(5, "chime", "ChimeStruck", bells).await;
    }
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", bells).await;
    for instance in instances {
        instance.stop().await;
    }
}

#[tokio::test]
async fn nats_may_be_gone_for_longer_than_anybody_waits() {
    let mut world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeStruck", 3).await;

    world.server.kill().await;
    eventually_within(Duration::from_secs(15), "it says that it stands still", async || {
        instance.degraded().await.iter().any(|it| it.starts_with("reactor striker stands still"))
    })
    .await;
    world.server.restart().await;
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeStruck", 6).await;
    eventually("it says so no longer", async || instance.degraded().await.is_empty()).await;
    let complaints = instance.printed().matches("stands still").count();
    assert_eq!(complaints, 1, "{}", instance.printed());
    instance.stop().await;
}

#[tokio::test]
async fn a_consumer_that_is_alive_and_silent_is_noticed() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(1).await;
    world.each_once(10, "chime", "ChimeStruck", 1).await;
    let pause = async |until: &str| {
        let pause = format!(r#"{{"pause_until": "{until}"}}"#);
        raw(&world.server.url(), "$JS.API.CONSUMER.PAUSE.EVENTS.reactor-striker", &pause).await
    };
    // To those who pull it looks like the real thing: no commit, no error.
    assert!(pause("2999-01-01T00:00:00Z").await.contains("\"paused\":true"));
    world.ring(1).await;

    eventually_within(Duration::from_secs(20), "it is noticed", async || {
        instance.printed().contains("striker stands still: the log is not available: the consumer is silent")
    })
    .await;
    pause("2000-01-01T00:00:00Z").await;
    world.each_once(10, "chime", "ChimeStruck", 2).await;
    instance.stop().await;
}
