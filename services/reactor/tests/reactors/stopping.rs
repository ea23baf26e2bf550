//! A stop finishes what has been begun, and takes less than 10 s whatever happens.

use std::time::Duration;

use annals_testkit::eventually;
use tokio::time::timeout;

use crate::world::World;

#[tokio::test]
async fn a_stop_finishes_and_settles_what_has_been_begun() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&["striker"]);
    world.ring(10).await;
    eventually("all of them are begun", async || world.commands.received() == 10).await;

    instance.begin_to_stop();
    world.commands.hold(None);
    instance.stop().await;

    world.each_once(1, "chime", "ChimeStruck", 10).await;
    let checkpoint = world.nats.reactor_checkpoints().load("striker").await.unwrap().unwrap();
    assert!(checkpoint.unsettled.is_empty(), "all are settled");
}

#[tokio::test]
async fn a_stop_takes_less_than_10_s_although_nats_is_gone_and_commands_are_in_flight() {
    let mut world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&[]);
    world.ring(10).await;
    eventually("ten wait, and ten mails are sent", async || {
        world.count("notification", "NotificationSent").await.len() == 10
    })
    .await;
    world.server.kill().await;

    timeout(Duration::from_secs(10), instance.stop()).await.expect("within 10 s");
}
