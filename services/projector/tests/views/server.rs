//! A nats-server that comes late, goes and comes back, and a log that is another one then.

use std::time::Duration;

use annals_core::bus::ViewState;
use annals_testkit::eventually;
use serde_json::Value;
use tokio::{runtime::Handle, time::timeout};

use crate::{fixtures::House, things::catalog};

#[tokio::test]
async fn a_projector_that_starts_before_its_server_waits_for_it() {
    let mut house = House::new().await;
    house.append_things(0..5).await;
    house.server.kill().await;

    let projector = house.start(catalog());
    let (status, body) = projector.ready().await;
    assert_eq!((status, &body["services"]["nats"]), (503, &Value::Bool(false)), "{body}");

    house.server.restart().await;
    house.has_things(5).await;
    eventually("it is ready", async || projector.ready().await.0 == 200).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_projector_can_be_stopped_while_it_waits_for_its_server() {
    let mut house = House::new().await;
    house.server.kill().await;
    let projector = house.start(catalog());
    projector.ready().await;
    projector.stop().await;
}

#[tokio::test]
async fn a_projector_whose_server_has_gone_stops_in_time() {
    let mut house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.has_things(5).await;
    house.server.kill().await;
    eventually("it is noticed", async || projector.ready().await.0 == 503).await;

    timeout(Duration::from_secs(10), projector.stop()).await.unwrap();

    assert!(!house.file("things@1.db-wal").exists(), "files are closed all the same");
}

/// Subscriptions on the server, and tasks here.
async fn counted(house: &House) -> (u64, usize) {
    let varz = reqwest::get(format!("{}/varz", house.server.monitor_url())).await.unwrap();
    let varz: Value = varz.json().await.unwrap();
    (varz["subscriptions"].as_u64().unwrap(), Handle::current().metrics().num_alive_tasks())
}

#[tokio::test]
async fn a_server_that_restarts_again_and_again_costs_neither_events_nor_subscriptions_nor_tasks() {
    let mut house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.has_things(5).await;
    house.is("people", ViewState::Live).await; // and so all views follow
    let (subscriptions, tasks) = counted(&house).await;

    for round in 1..=4 {
        house.server.restart().await;
        house.append_things(round * 5..(round + 1) * 5).await;
        house.has_things((round + 1) * 5).await;
    }

    eventually("as many subscriptions and tasks as before", async || {
        counted(&house).await == (subscriptions, tasks)
    })
    .await;
    projector.stop().await;
}

#[tokio::test]
async fn a_view_that_is_ahead_of_its_log_is_built_anew() {
    let house = House::new().await;
    house.append_things(0..10).await;
    let projector = house.start(catalog());
    house.has_things(10).await;
    projector.stop().await;

    house.begin_another_log().await;
    house.append_things(0..3).await;
    let projector = house.start(catalog());

    house.has_things(3).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_view_of_another_log_is_built_anew() {
    let house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.has_things(5).await;
    projector.stop().await;

    house.begin_another_log().await;
    house.append_things(0..10).await;
    let projector = house.start(catalog());

    house.has_things(10).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_log_that_is_exchanged_under_a_running_view_is_noticed() {
    let house = House::new().await;
    house.append_things(0..10).await;
    let projector = house.start(catalog());
    house.has_things(10).await;

    house.begin_another_log().await;
    house.append_things(0..3).await;

    house.has_things(3).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_log_that_is_emptied_under_a_running_view_empties_the_view() {
    let house = House::new().await;
    house.append_things(0..10).await;
    let projector = house.start(catalog());
    house.has_things(10).await;

    house.begin_another_log().await;

    eventually("nothing is shown", async || {
        house.rows("things", None).await.is_ok_and(|rows| rows.is_empty())
    })
    .await;
    projector.stop().await;
}
