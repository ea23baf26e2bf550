//! Consumers that are gone: nothing is missing, nothing is done twice.

use annals_testkit::eventually;

use crate::world::World;

#[tokio::test]
async fn a_consumer_deleted_while_two_instances_run_is_made_again() {
    let world = World::new().await;
    let instances = [world.start(&["striker"]), world.start(&["striker"])];
    for bells in [50, 100, 150] {
        world.ring(25).await;
        eventually("it is there", async || world.nats.outstanding("reactor-striker").await.is_ok()).await;
        world.delete_consumer("striker").await;
        world.ring(25).await;
        world.each_once(10, "chime", "ChimeStruck", bells).await;
    }
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", 150).await;
    for instance in instances {
        instance.stop().await;
    }
}

#[tokio::test]
async fn a_consumer_deleted_while_nobody_runs_is_made_again_from_the_floor() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(20).await;
    world.each_once(10, "chime", "ChimeStruck", 20).await;
    world.idle("striker").await;
    instance.stop().await;
    let asked = world.commands.received();

    world.delete_consumer("striker").await;
    world.ring(20).await;
    let instance = world.start(&["striker"]);

    world.each_once(10, "chime", "ChimeStruck", 40).await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), asked + 20, "a clean stop leaves a floor that does not lag");
    instance.stop().await;
}

#[tokio::test]
async fn killed_in_the_middle_and_without_its_consumer_a_reactor_does_nothing_twice() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(40).await;
    eventually("it has begun", async || world.commands.received() > 5).await;
    instance.kill().await;

    world.delete_consumer("striker").await;
    world.ring(10).await;
    let instance = world.start(&["striker"]);

    world.each_once(10, "chime", "ChimeStruck", 50).await;
    world.idle("striker").await;
    world.each_once(1, "chime", "ChimeStruck", 50).await;
    instance.stop().await;
}

#[tokio::test]
async fn a_reactor_from_now_on_wakes_for_what_comes_after_its_first_start_only() {
    let world = World::new().await;
    world.ring(5).await;
    let instance = world.start(&["newcomer"]);
    eventually("it is there", async || world.nats.outstanding("reactor-newcomer").await.is_ok()).await;
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeGreeted", 3).await;
    instance.kill().await;

    world.ring(2).await; // while it is down
    let instance = world.start(&["newcomer"]);
    world.each_once(10, "chime", "ChimeGreeted", 5).await;

    world.delete_consumer("newcomer").await; // while it runs
    world.ring(2).await;
    world.each_once(10, "chime", "ChimeGreeted", 7).await;
    instance.kill().await;

    world.delete_consumer("newcomer").await; // and while it is down
    world.ring(2).await;
    let instance = world.start(&["newcomer"]);
    world.each_once(10, "chime", "ChimeGreeted", 9).await;
    world.idle("newcomer").await;
    world.each_once(1, "chime", "ChimeGreeted", 9).await;
    instance.stop().await;
}
