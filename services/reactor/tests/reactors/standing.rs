//! How far a reactor is, as it says itself.

use std::{cell::Cell, time::Duration};

use annals_core::bus::{Failure, ReactorReply, ReactorRequest, ReactorState};
use annals_nats::{Log, Scope};
use annals_testkit::eventually;
use tokio::task::JoinHandle;

use crate::world::{Instance, World};

impl World {
    async fn end(&self) -> u64 {
        self.nats.log().last(&Scope::All).await.unwrap()
    }

    async fn asked(&self, reactor: &str, min_position: Option<u64>, wait_ms: u64) -> ReactorReply {
        self.nats.bus().reactor(reactor, &ReactorRequest { min_position, wait_ms }).await
    }

    fn asking(&self, min_position: u64, wait_ms: u64) -> JoinHandle<ReactorReply> {
        let (bus, min_position) = (self.nats.bus(), Some(min_position));
        tokio::spawn(async move { bus.reactor("striker", &ReactorRequest { min_position, wait_ms }).await })
    }

    async fn is_degraded(&self) -> bool {
        self.asked("striker", None, 0).await.is_ok_and(|status| status.state == ReactorState::Degraded)
    }
}

#[tokio::test]
async fn when_all_is_settled_a_reactor_is_at_the_logs_end_whatever_stands_there() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(3).await;
    world.each_once(10, "chime", "ChimeStruck", 3).await;
    world.idle("striker").await;

    let status = world.asked("striker", Some(world.end().await), 2000).await.unwrap();
    assert_eq!(status.position, 6, "the last one is no bell");
    assert_eq!((status.lag_events, status.retries, status.state), (0, 0, ReactorState::Live));
    assert!(status.lag_seconds.abs() < f64::EPSILON);
    instance.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_position_is_answered_once_everything_up_to_there_is_settled() {
    let world = World::new().await;
    world.commands.hold(Some("strike"));
    let instance = world.start(&["striker"]);
    world.ring(1).await;
    eventually("it is at work", async || world.commands.received() == 1).await;

    let Err(behind) = world.asked("striker", Some(1), 0).await else { panic!("nothing is settled") };
    assert_eq!(behind, Failure::ProjectionBehind { position: 0, wanted: Some(1) });
    let waiting = world.asked("striker", None, 0).await.unwrap();
    assert_eq!((waiting.position, waiting.lag_events, waiting.state), (0, 1, ReactorState::Live));
    assert!(waiting.lag_seconds > 0.0);

    let asking = world.asking(1, 10_000);
    world.commands.hold(None);
    assert!(asking.await.unwrap().unwrap().position >= 1);
    instance.stop().await;
}

#[tokio::test]
async fn a_position_that_the_log_has_not_reached_is_nobodys_to_wait_for() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    eventually("it answers", async || world.asked("striker", None, 0).await.is_ok()).await;
    assert_eq!(world.asked("striker", Some(9), 1000).await, Err(Failure::BeyondTheEnd { wanted: 9, end: 0 }));
    instance.stop().await;
}

#[tokio::test]
async fn only_the_reactors_that_are_run_answer() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    eventually("it answers", async || world.asked("striker", None, 0).await.is_ok()).await;
    assert!(matches!(world.asked("teller", None, 0).await, Err(Failure::Unavailable { .. })));
    instance.stop().await;
}

#[tokio::test]
async fn while_bells_are_rung_a_reactor_never_claims_more_than_it_has_settled() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    eventually("it answers", async || world.asked("striker", None, 0).await.is_ok()).await;

    let finished = Cell::new(false);
    let mut on_the_way = 0; // claims of something, and not of everything
    let ask = async {
        while !finished.get() {
            let claimed = world.asked("striker", None, 0).await.unwrap().position;
            let bells = world.nats.log().read(&Scope::Category("bell".into()), 0, 10_000).await.unwrap();
            let struck = world.count("chime", "ChimeStruck").await;
            for bell in bells.commits.iter().take_while(|bell| bell.position <= claimed) {
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
async fn what_cannot_be_acted_on_is_told_and_how_far_the_reactor_came_before_it() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(2).await;
    world.idle("striker").await;
    let position = world.poison().await;
    world.ring(2).await;

    eventually("it is degraded", async || world.is_degraded().await).await;
    world.each_once(10, "chime", "ChimeStruck", 4).await;
    let status = eventually("only that one is left", async || {
        let status = world.asked("striker", None, 0).await.unwrap();
        (status.lag_events == 1 && status.retries == 1).then_some(status)
    })
    .await;
    assert_eq!(status.position, position - 1);
    assert!(world.asked("striker", Some(position - 1), 0).await.is_ok(), "what is before it is settled");
    let behind = Failure::ProjectionBehind { position: position - 1, wanted: Some(position) };
    assert_eq!(world.asked("striker", Some(position), 100).await, Err(behind));
    instance.stop().await;
}

#[tokio::test]
async fn an_instance_that_has_not_tried_it_yet_knows_that_a_commit_is_in_the_way() {
    let world = World::new().await;
    let hours = Duration::from_hours(1);
    let first = Instance::start(&world.server.url(), &["striker"], hours);
    world.poison().await;
    eventually("it has tried", async || first.printed().contains("cannot act on a commit")).await;
    first.stop().await;

    let second = Instance::start(&world.server.url(), &["striker"], hours);
    eventually("it is degraded", async || world.is_degraded().await).await;
    assert!(second.degraded().await.is_empty(), "it has not tried it");
    second.stop().await;
}

#[tokio::test]
async fn who_waits_is_answered_although_the_consumer_has_to_be_made_again() {
    let world = World::new().await;
    let instance = world.start(&["striker"]);
    world.ring(1).await;
    eventually("it is settled", async || world.asked("striker", Some(1), 1000).await.is_ok()).await;

    world.delete_consumer("striker").await;
    assert!(world.asked("striker", Some(1), 10_000).await.is_ok());
    instance.stop().await;
}
