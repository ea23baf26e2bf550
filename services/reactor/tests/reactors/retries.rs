//! Commits that cannot be dealt with yet.

use annals_core::bus::Failure;
use annals_testkit::eventually;
use serde_json::json;

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
async fn conflicts_and_faults_are_tried_again_until_it_is_done() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    let absent = Failure::Unavailable { detail: "nobody is there".into() };
    world.commands.fail([Failure::Conflict, absent, Failure::OutcomeUnknown]);
    world.ring(1).await;

    world.each_once(10, "chime", "ChimeStruck", 1).await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), 4);
    assert!(instance.degraded().await.is_empty(), "what waits for others is no trouble of its own");
    instance.stop().await;
}

#[tokio::test]
async fn a_refused_command_is_settled() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    let refused = json!({ "reason": "out-of-tune", "detail": "The chime is out of tune.", "data": {} });
    world.commands.fail([Failure::Refused(serde_json::from_value(refused).unwrap())]);
    world.ring(1).await;
    eventually("it is refused", async || instance.printed().contains("strike refused: out-of-tune")).await;

    world.idle("striker").await;
    assert_eq!(world.commands.received(), 1);
    assert!(world.count("chime", "ChimeStruck").await.is_empty());
    instance.stop().await;
}
