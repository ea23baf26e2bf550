//! A stop finishes what has been begun, and takes less than 10 s whatever is the matter.

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
    eventually("it has all of them in hand", async || world.commands.received() == 10).await;

    instance.begin_to_stop();
    world.commands.hold(None);
    instance.stop().await;

    world.each_once(1, "chime", "ChimeStruck", 10).await;
    assert_eq!(world.nats.outstanding("reactor-striker").await.unwrap(), 0, "all are settled");
}

#[tokio::test]
async fn a_stop_takes_less_than_10_s_although_nats_is_gone_and_hands_are_full() {
    let mut world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&[]);
    world.ring(10).await;
    eventually("it has all of them in hand", async || {
        world.count("notification", "NotificationSent").await.len() == 10
    })
    .await;
    world.server.kill().await;

    timeout(Duration::from_secs(10), instance.stop()).await.expect("within 10 s");
}
