//! Of several instances one works on a reactor, and another takes over when it is gone.

use annals_testkit::eventually;

use crate::world::World;

#[tokio::test]
async fn one_instance_works_and_the_other_stands_by() {
    let world = World::new().await;
    let first = world.start(&["striker"]);
    eventually("it works", async || first.printed().contains("striker works here")).await;
    let second = world.start(&["striker"]);
    eventually("it stands by", async || second.printed().contains("running 1 reactors")).await;

    world.ring(32).await;
    world.each_once(10, "chime", "ChimeStruck", 32).await;
    world.idle("striker").await;
    assert!(!second.printed().contains("striker works here"));
    assert_eq!(world.commands.received(), 32);
    for instance in [first, second] {
        instance.stop().await;
    }
}

#[tokio::test]
async fn what_a_killed_instance_has_begun_is_done_by_the_other() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let first = world.start(&["striker"]);
    world.ring(10).await;
    eventually("all of them are begun", async || world.commands.received() == 10).await;
    let second = world.start(&["striker"]);

    first.kill().await;
    world.commands.hold(None);

    // The ten that wait are carried out, and their answers reach no reactor: each is sent again.
    eventually("the other one works", async || second.printed().contains("striker works here")).await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), 20);
    world.each_once(1, "chime", "ChimeStruck", 10).await;
    second.stop().await;
}

#[tokio::test]
async fn a_stopped_instance_leaves_its_reactors_to_the_other_at_once() {
    let world = World::new().await;
    let first = world.start(&["striker"]);
    world.ring(10).await;
    world.idle("striker").await;
    let second = world.start(&["striker"]);
    eventually("it stands by", async || second.printed().contains("running 1 reactors")).await;

    first.stop().await;
    world.ring(10).await;
    world.each_once(10, "chime", "ChimeStruck", 20).await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), 20, "nothing that was settled is sent again");
    second.stop().await;
}

#[tokio::test]
async fn an_instance_that_sees_another_holder_drops_what_it_has_begun() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&["striker"]);
    world.ring(3).await;
    eventually("all of them are begun", async || world.commands.received() == 3).await;

    annals_testkit::raw(&world.server.url(), "$KV.leases.reactor.striker", "intruder").await;
    eventually("it steps back", async || instance.printed().contains("striker may work elsewhere now")).await;
    world.commands.hold(None);
    eventually("it takes the lease again once it has expired", async || {
        instance.printed().matches("striker works here").count() == 2
    })
    .await;
    world.idle("striker").await;
    assert_eq!(world.commands.received(), 6, "they are begun again");
    world.each_once(1, "chime", "ChimeStruck", 3).await;
    instance.stop().await;
}
