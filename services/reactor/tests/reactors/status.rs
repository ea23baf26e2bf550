//! How far a reactor is, as it says itself.

use std::cell::Cell;

use annals_core::bus::{Failure, ReactorReply, ReactorRequest, ReactorState};
use annals_testkit::eventually;
use tokio::task::JoinHandle;

use crate::world::{World, bell};

fn asking(world: &World, min_position: u64, wait_ms: u64) -> JoinHandle<ReactorReply> {
    let (bus, min_position) = (world.nats.bus(), Some(min_position));
    tokio::spawn(async move { bus.reactor("striker", &ReactorRequest { min_position, wait_ms }).await })
}

#[tokio::test]
async fn when_all_is_settled_a_reactor_is_at_the_logs_end_whatever_stands_there() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeStruck", 3).await;
    world.idle("striker").await;

    let status = world.status("striker", Some(world.end().await), 2000).await.unwrap();
    assert_eq!(status.position, 6, "the last one is no bell");
    assert_eq!((status.lag_events, status.retries, status.state), (0, 0, ReactorState::Live));
    assert!(status.lag_seconds.abs() < f64::EPSILON);
    instance.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_for_a_position_is_answered_once_everything_up_to_there_is_settled() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&["striker"]);
    world.ring(1).await;
    eventually("it is at work", async || world.commands.received() == 1).await;

    let Err(behind) = world.status("striker", Some(1), 0).await else { panic!("nothing is settled") };
    assert_eq!(behind, Failure::ProjectionBehind { position: 0, wanted: Some(1) });
    let waiting = world.status("striker", None, 0).await.unwrap();
    assert_eq!((waiting.position, waiting.lag_events, waiting.state), (0, 1, ReactorState::Live));
    assert!(waiting.lag_seconds > 0.0);

    let asking = asking(&world, 1, 10_000);
    world.commands.hold(None);
    assert!(asking.await.unwrap().unwrap().position >= 1);
    instance.stop().await;
}

#[tokio::test]
async fn a_position_beyond_the_logs_end_is_not_waited_for() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    eventually("it answers", async || world.status("striker", None, 0).await.is_ok()).await;
    assert_eq!(
        world.status("striker", Some(9), 1000).await,
        Err(Failure::BeyondTheEnd { wanted: 9, end: 0 })
    );
    instance.stop().await;
}

#[tokio::test]
async fn only_the_reactors_that_are_run_answer() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    eventually("it answers", async || world.status("striker", None, 0).await.is_ok()).await;
    assert!(matches!(world.status("teller", None, 0).await, Err(Failure::Unavailable { .. })));
    instance.stop().await;
}

#[tokio::test]
async fn while_bells_are_rung_a_reactor_never_claims_more_than_it_has_settled() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    eventually("it answers", async || world.status("striker", None, 0).await.is_ok()).await;

    let finished = Cell::new(false);
    let mut on_the_way = 0; // claims of something, and not of everything
    let ask = async {
        while !finished.get() {
            let claimed = world.status("striker", None, 0).await.unwrap().position;
            let struck = world.count("chime", "ChimeStruck").await;
            let commits = world.commits().await;
            let bells = commits.iter().filter(|stored| stored.commit.stream.category == "bell");
            for bell in bells.take_while(|bell| bell.position <= claimed) {
                assert!(struck.contains_key(&bell.commit.stream.id), "{claimed} is claimed");
            }
            on_the_way += usize::from((1..world.end().await).contains(&claimed));
        }
    };
    let ring = async {
        world.ring(400).await;
        finished.set(true);
    };
    tokio::join!(ask, ring);
    assert!(on_the_way > 0, "nothing was claimed while bells were rung");
    instance.stop().await;
}

#[tokio::test]
async fn a_commit_in_the_way_shows_in_the_status() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(2).await;
    world.idle("striker").await;
    let position = world.unreadable(&bell()).await;
    world.ring(2).await;

    eventually("it is degraded", async || world.is_degraded().await).await;
    world.each_once(10, "chime", "ChimeStruck", 4).await;
    let status = eventually("only that one is left", async || {
        let status = world.status("striker", None, 0).await.unwrap();
        (status.lag_events == 1 && status.retries == 1).then_some(status)
    })
    .await;
    assert_eq!(status.position, position - 1);
    assert!(world.status("striker", Some(position - 1), 0).await.is_ok(), "what is before it is settled");
    let behind = Failure::ProjectionBehind { position: position - 1, wanted: Some(position) };
    assert_eq!(world.status("striker", Some(position), 100).await, Err(behind));
    instance.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_is_answered_by_the_instance_that_takes_over() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let first = world.start(&["striker"]);
    world.ring(1).await;
    eventually("it is begun", async || world.commands.received() == 1).await;
    let second = world.start(&["striker"]);
    eventually("it stands by", async || second.printed().contains("running 1 reactors")).await;

    first.kill().await;
    world.commands.hold(None);
    eventually("the other one answers", async || world.status("striker", Some(1), 1000).await.is_ok()).await;
    second.stop().await;
}
