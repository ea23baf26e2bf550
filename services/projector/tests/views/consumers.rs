//! Consumers that are deleted, silenced or used by others: nothing is missing, nothing doubled.

use serde_json::json;

use crate::{fixtures::House, outsider::Outsider, things::catalog};

const CONSUMER: &str = "$JS.API.CONSUMER";

/// Five things, a projector that has them, and the name of its consumer.
async fn followed() -> (House, crate::fixtures::Projector, String) {
    let house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.has_things(5).await;
    let durable = house.durable();
    (house, projector, durable)
}

#[tokio::test]
async fn a_consumer_that_is_deleted_while_it_is_followed_is_made_again() {
    let (house, projector, durable) = followed().await;
    let mut outsider = Outsider::on(&house.server).await;
    for round in 1..=3 {
        let deleted = outsider.ask(&format!("{CONSUMER}.DELETE.EVENTS.{durable}"), "").await;
        assert_eq!(deleted["success"], true, "{deleted}");

        house.append_things(round * 5..(round + 1) * 5).await;
        house.has_things((round + 1) * 5).await;
    }
    projector.stop().await;
}

#[tokio::test]
async fn a_consumer_that_is_deleted_while_the_projector_is_down_is_made_again_at_the_checkpoint() {
    let (house, projector, durable) = followed().await;
    projector.stop().await;
    let mut outsider = Outsider::on(&house.server).await;
    let deleted = outsider.ask(&format!("{CONSUMER}.DELETE.EVENTS.{durable}"), "").await;
    assert_eq!(deleted["success"], true, "{deleted}");
    house.append_things(5..10).await;

    let projector = house.start(catalog());

    house.has_things(10).await;
    projector.stop().await;
}

#[tokio::test]
async fn the_consumer_of_a_projector_that_never_comes_back_is_removed_after_five_minutes() {
    let (house, projector, durable) = followed().await;
    let mut outsider = Outsider::on(&house.server).await;
    let info = outsider.ask(&format!("{CONSUMER}.INFO.EVENTS.{durable}"), "").await;
    let five_minutes_ns = 5 * 60 * 1_000_000_000_u64;
    assert_eq!(info["config"]["inactive_threshold"], five_minutes_ns, "{info}");
    projector.stop().await;
}

#[tokio::test]
async fn a_consumer_that_another_client_has_reset_is_moved_back() {
    let (house, projector, durable) = followed().await;
    let mut outsider = Outsider::on(&house.server).await;
    let reset = outsider.ask(&format!("{CONSUMER}.RESET.EVENTS.{durable}"), r#"{"seq": 2}"#).await;
    assert!(reset["error"].is_null(), "{reset}");

    house.append_things(5..10).await;

    house.has_things(10).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_consumer_that_is_silent_is_followed_anew() {
    let (house, projector, durable) = followed().await;
    let mut outsider = Outsider::on(&house.server).await;
    let pause = json!({ "pause_until": "2099-01-01T00:00:00Z" }).to_string();
    let paused = outsider.ask(&format!("{CONSUMER}.PAUSE.EVENTS.{durable}"), &pause).await;
    assert_eq!(paused["paused"], true, "{paused}");

    house.append_things(5..10).await;

    house.has_things(10).await;
    projector.stop().await;
}

#[tokio::test]
async fn deliveries_that_another_client_has_taken_are_delivered_again() {
    let (house, projector, durable) = followed().await;
    let mut thief = Outsider::on(&house.server).await;
    let take = format!("{CONSUMER}.MSG.NEXT.EVENTS.{durable}");
    let taken = thief.take(&take, r#"{"batch": 3, "expires": 5000000000}"#);
    let append = house.append_things(5..15);
    let (taken, ()) = tokio::join!(taken, append);
    assert!(taken.windows(5).any(|it| it == b"Named"), "no commit was taken");

    house.has_things(15).await;
    projector.stop().await;
}
