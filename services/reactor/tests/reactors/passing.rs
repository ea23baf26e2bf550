//! What concerns nobody is settled by the way.

use annals_testkit::eventually;

use crate::world::World;

#[tokio::test]
async fn what_concerns_nobody_does_not_wait_for_what_does() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&["striker"]);
    world.ring(3).await;
    world.polish(200).await;

    eventually("only those that concern it are left", async || {
        world.nats.outstanding("reactor-striker").await.is_ok_and(|outstanding| outstanding == 3)
    })
    .await;

    world.commands.hold(None);
    world.idle("striker").await;
    instance.stop().await;
    world.each_once(1, "chime", "ChimeStruck", 3).await;
}
