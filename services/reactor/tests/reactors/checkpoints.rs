//! Where a reactor goes on: nothing is missed, nothing is done twice.

use annals_core::{
    Address,
    log::{Head, Log},
};
use annals_testkit::eventually;

use crate::world::{World, bell};

#[tokio::test]
async fn after_a_clean_stop_nothing_is_sent_again() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(20).await;
    world.idle("striker").await;
    instance.stop().await;

    world.ring(20).await;
    let instance = world.start(&["striker"]);
    world.each_once(10, "chime", "ChimeStruck", 40).await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), 40);
    instance.stop().await;
}

#[tokio::test]
async fn killed_in_the_middle_a_reactor_does_nothing_twice() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(40).await;
    eventually("it has begun", async || world.commands.received() > 5).await;
    instance.kill().await;

    world.ring(10).await;
    let instance = world.start(&["striker"]);
    world.each_once(10, "chime", "ChimeStruck", 50).await;
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", 50).await;
    instance.stop().await;
}

#[tokio::test]
async fn unsettled_commits_before_the_checkpoint_are_done_again_after_a_crash() {
    let world = World::new().await;
    let (stuck, instance) = (bell(), world.start(&["striker"]));
    let position = world.unreadable(&stuck).await;
    world.ring(10).await;
    world.ring_again(&stuck).await;
    world.each_once(10, "chime", "ChimeStruck", 10).await;
    let checkpoints = world.nats.reactor_checkpoints();
    let checkpoint = eventually("everything was read, and two are listed", async || {
        let checkpoint = checkpoints.load("striker").await.unwrap()?;
        (checkpoint.read.position == world.end().await && checkpoint.unsettled.len() == 2)
            .then_some(checkpoint)
    })
    .await;
    assert_eq!(checkpoint.unsettled[0], Address::new(position, 0));
    let received = world.commands.received();
    instance.kill().await;

    let instance = world.start(&["striker"]);
    eventually("it is tried again", async || instance.printed().contains(&format!("position={position}")))
        .await;
    world.ring(1).await;
    world.each_once(10, "chime", "ChimeStruck", 11).await;
    assert_eq!(world.commands.received(), received + 1, "what was settled is not sent again");
    eventually("the two are left", async || {
        let status = world.status("striker", None, 0).await.unwrap();
        (status.position, status.lag_events) == (position - 1, 2)
    })
    .await;
    instance.stop().await;
}

#[tokio::test]
async fn a_reactor_from_now_on_reacts_to_everything_after_its_first_start() {
    let world = World::new().await;
    world.ring(5).await;
    let instance = world.start(&["newcomer"]);
    world.idle("newcomer").await;
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeGreeted", 3).await;
    instance.kill().await;

    world.ring(2).await; // while it is down
    let instance = world.start(&["newcomer"]);
    world.each_once(10, "chime", "ChimeGreeted", 5).await;
    world.idle("newcomer").await;
    world.each_once(1, "chime", "ChimeGreeted", 5).await;
    instance.stop().await;
}

#[tokio::test]
async fn a_reactor_from_now_on_that_ends_before_it_has_read_the_log_keeps_its_start() {
    let world = World::new().await;
    world.ring(5).await;
    let instance = world.start(&["newcomer"]);
    let checkpoints = world.nats.reactor_checkpoints();
    eventually("its start is saved", async || checkpoints.load("newcomer").await.unwrap().is_some()).await;
    instance.kill().await;

    world.ring(2).await; // while it is down
    let instance = world.start(&["newcomer"]);
    world.each_once(10, "chime", "ChimeGreeted", 2).await;
    instance.stop().await;
}

#[tokio::test]
async fn a_reactor_whose_checkpoint_is_not_of_this_log_does_nothing() {
    let world = World::new().await;
    world.ring(3).await;
    let instance = world.start(&["striker"]);
    world.idle("striker").await;
    instance.stop().await;
    let checkpoints = world.nats.reactor_checkpoints();
    let right = checkpoints.load("striker").await.unwrap().unwrap();

    let mut wrong = right.clone();
    wrong.read.head.hash = Head::start(world.log.id()).hash;
    checkpoints.save("striker", &wrong).await.unwrap();
    world.ring(1).await;
    let instance = world.start(&["striker"]);
    let reason = eventually("it is blocked", async || instance.degraded().await.pop()).await;
    assert!(reason.contains("does not hold the entry that its checkpoint names"), "{reason}");
    assert_eq!(world.commands.received(), 3);

    checkpoints.save("striker", &right).await.unwrap();
    world.each_once(10, "chime", "ChimeStruck", 4).await;
    instance.stop().await;
}
