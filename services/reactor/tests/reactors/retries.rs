//! Commits that cannot be dealt with yet.

use annals_testkit::eventually;

use crate::world::World;

#[tokio::test]
async fn an_event_that_cannot_be_read_holds_only_itself() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    let position = world.poison().await;
    world.ring(20).await;

    world.each_once(10, "chime", "ChimeStruck", 20).await;
    let tries = || {
        let printed = instance.printed();
        let named = format!("position={position}");
        printed
            .lines()
            .filter(|line| line.contains("cannot act on a commit") && line.contains(&named))
            .count()
    };
    eventually("it is tried again and again", async || tries() >= 4).await;
    let degraded = instance.degraded().await;
    assert!(degraded[0].starts_with(&format!("reactor striker: position {position}: ")), "{degraded:?}");
    assert_eq!(degraded.len(), 1);
    instance.stop().await;
}

#[tokio::test]
async fn a_command_that_cannot_be_given_is_given_again() {
    let mut world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(1).await;
    world.each_once(10, "chime", "ChimeStruck", 1).await;

    // Its subject is somebody else's, so the append is refused: a fault.
    world.server.restart().await;
    world.ring(5).await;
    world.each_once(15, "chime", "ChimeStruck", 6).await;
    assert!(instance.degraded().await.is_empty(), "what waits for others is no trouble of its own");
    instance.stop().await;
}
