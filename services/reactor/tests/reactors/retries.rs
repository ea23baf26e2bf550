//! Commits that cannot be settled yet.

use annals_core::bus::Failure;
use annals_testkit::eventually;
use serde_json::json;

use crate::world::{World, bell};

#[tokio::test]
async fn an_event_that_cannot_be_read_holds_up_its_own_stream_only() {
    let world = World::new().await;
    let (instance, stuck) = (world.start(&["striker"]), bell());
    let position = world.unreadable(&stuck).await;
    world.ring_again(&stuck).await;
    world.ring(20).await;

    world.each_once(10, "chime", "ChimeStruck", 20).await;
    let named = format!("position={position}");
    let tries = || {
        let printed = instance.printed();
        let tries =
            printed.lines().filter(|it| it.contains("cannot react to a commit") && it.contains(&named));
        tries.count()
    };
    eventually("it is tried again and again", async || tries() >= 4).await;
    let degraded = instance.degraded().await;
    assert!(degraded[0].starts_with(&format!("reactor striker: position {position}: ")), "{degraded:?}");
    assert_eq!(degraded.len(), 1);
    assert!(!world.count("chime", "ChimeStruck").await.contains_key(&stuck.id));
    instance.stop().await;
}

#[tokio::test]
async fn a_panic_holds_up_one_stream_only() {
    let world = World::new().await;
    let (instance, fragile) = (world.start(&["fragile"]), bell());
    world.ring_again(&fragile).await;
    world.ring_again(&fragile).await;
    world.ring(5).await;

    world.each_once(10, "chime", "ChimeStruck", 6).await;
    eventually("it says why", async || {
        instance.degraded().await == ["reactor fragile: position 2: it panicked over it"]
    })
    .await;
    instance.stop().await;
}

#[tokio::test]
async fn foreign_messages_stop_nothing() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    for subject in ["events.main", "events.other"] {
        world.ring(3).await;
        world.publish_garbage(subject).await;
    }
    world.ring(3).await;

    world.each_once(10, "chime", "ChimeStruck", 9).await;
    world.idle("striker").await;
    let end = world.publish_garbage("events.main").await;
    assert_eq!(world.status("striker", Some(end), 5000).await.unwrap().position, end);
    assert!(instance.degraded().await.is_empty());
    assert_eq!(instance.printed().matches("a foreign message").count(), 3);
    instance.stop().await;

    let instance = world.start(&["striker"]);
    world.ring(1).await;
    world.each_once(10, "chime", "ChimeStruck", 10).await;
    instance.stop().await;
}

#[tokio::test]
async fn conflicts_and_faults_are_tried_again_until_it_is_done() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    let absent = Failure::Unavailable { detail: "it is not there".into() };
    world.commands.fail([Failure::Conflict, absent, Failure::OutcomeUnknown]);
    world.ring(1).await;

    world.each_once(10, "chime", "ChimeStruck", 1).await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), 4);
    assert!(instance.degraded().await.is_empty(), "a fault elsewhere is none of its own");
    instance.stop().await;
}

#[tokio::test]
async fn events_of_one_stream_are_reacted_to_in_order_although_the_first_one_fails() {
    let world = World::new().await;
    let (instance, bell) = (world.start(&["striker"]), bell());
    world.commands.fail([Failure::Conflict, Failure::Conflict, Failure::Conflict]);
    for _ in 0..20 {
        world.ring_again(&bell).await;
    }
    world.idle("striker").await;

    let commits = world.commits().await;
    let of = |category: &'static str| commits.iter().filter(move |it| it.commit.stream.category == category);
    let rung: Vec<_> = of("bell").map(|it| it.commit.events[0].id).collect();
    let struck: Vec<_> = of("chime").map(|it| it.commit.context.causation_id).collect();
    assert_eq!(struck, rung);
    assert_eq!(world.commands.received(), 23);
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
