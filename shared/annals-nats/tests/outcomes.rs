//! Outcomes of commands: kept for a day, and never against what the log says.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::Duration;

use annals_core::{
    EventView, Fingerprint, Outcome, Stage,
    bus::{Accepted, CommandReply, Failure},
};
use annals_nats::{Nats, Outcomes};
use annals_testkit::{TestNats, nats, raw};
use async_nats::jetstream;
use serde_json::{Map, json, value::to_raw_value};
use uuid::Uuid;

async fn outcomes() -> (TestNats, Outcomes) {
    let server = nats().await;
    let outcomes = Nats::connect(&server.url(), "outcomes").await.unwrap().outcomes();
    (server, outcomes)
}

fn outcome(reply: CommandReply) -> Outcome {
    Outcome { taken: Uuid::new_v4(), fingerprint: Fingerprint::of("note", &json!({})), reply }
}

fn accepted(command: Uuid, events: Vec<EventView>) -> Outcome {
    let (category, id) = ("thing".into(), Uuid::new_v4());
    outcome(Ok(Accepted {
        command_id: command,
        category,
        id,
        version: 3,
        position: 4,
        events,
        replayed: false,
    }))
}

fn succeeded(command: Uuid) -> Outcome {
    accepted(command, vec![event()])
}

fn changed_nothing(command: Uuid) -> Outcome {
    accepted(command, vec![])
}

fn event() -> EventView {
    let id = Uuid::new_v4();
    EventView {
        id,
        r#type: "ThingNoted".into(),
        category: "thing".into(),
        stream_id: id,
        version: 3,
        position: 4,
        place: 0,
        schema: 1,
        recorded_at: "2026-11-21T09:30:00Z".parse().unwrap(),
        correlation_id: id,
        causation_id: id,
        actor: "suite".into(),
        metadata: Map::new(),
        data: to_raw_value(&json!({})).unwrap(),
    }
}

fn refused() -> Outcome {
    outcome(Err(Failure::VersionMismatch { version: 2 }))
}

async fn stage(outcomes: &Outcomes, command: Uuid) -> Option<Stage> {
    outcomes.find(command).await.unwrap().map(|kept| kept.outcome.stage())
}

#[tokio::test]
async fn an_outcome_is_there_after_the_server_was_killed() {
    let (mut server, outcomes) = outcomes().await;
    let command = Uuid::new_v4();
    assert_eq!(stage(&outcomes, command).await, None);
    outcomes.keep(command, &refused(), None).await.unwrap();
    server.restart().await;
    annals_testkit::eventually("the server answers again", async || outcomes.find(command).await.is_ok())
        .await;
    let kept = outcomes.find(command).await.unwrap().unwrap();
    assert_eq!(kept.outcome.reply.unwrap_err(), Failure::VersionMismatch { version: 2 });
}

#[tokio::test]
async fn outcomes_are_kept_for_a_day_on_disk() {
    let (server, outcomes) = outcomes().await;
    outcomes.keep(Uuid::new_v4(), &refused(), None).await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let config = jetstream.get_stream("KV_outcomes").await.unwrap().cached_info().config.clone();
    assert_eq!(config.max_age, Duration::from_hours(24));
    assert_eq!(config.storage, jetstream::stream::StorageType::File);
    assert_eq!(config.subject_delete_marker_ttl, None, "nothing stands where one was");
}

#[tokio::test]
async fn a_no_never_replaces_what_another_instance_has_kept_meanwhile() {
    let (_server, outcomes) = outcomes().await;
    let command = Uuid::new_v4();
    outcomes.keep(command, &succeeded(command), None).await.unwrap();
    outcomes.keep(command, &refused(), None).await.unwrap(); // by one who was frozen, and saw nothing
    assert_eq!(stage(&outcomes, command).await, Some(Stage::Succeeded));
}

#[tokio::test]
async fn that_nothing_changed_never_replaces_that_something_did() {
    let (_server, outcomes) = outcomes().await;
    let command = Uuid::new_v4();
    outcomes.keep(command, &succeeded(command), None).await.unwrap();
    outcomes.keep(command, &changed_nothing(command), None).await.unwrap(); // by one who was frozen
    let kept = outcomes.find(command).await.unwrap().unwrap().outcome;
    assert_eq!(kept.reply.unwrap().events.len(), 1);
}

#[tokio::test]
async fn where_one_was_taken_away_there_is_none_and_the_next_one_is_kept() {
    let (server, outcomes) = outcomes().await;
    let command = Uuid::new_v4();
    outcomes.keep(command, &refused(), None).await.unwrap();
    let seen = outcomes.find(command).await.unwrap();
    raw(&server.url(), &format!("$KV.outcomes.{command}"), "").await; // as a marker of the server's
    assert_eq!(stage(&outcomes, command).await, None);
    outcomes.keep(command, &outcome(Err(Failure::Conflict)), seen.as_ref()).await.unwrap();
    assert_eq!(stage(&outcomes, command).await, Some(Stage::Failed));

    let other = Uuid::new_v4();
    raw(&server.url(), &format!("$KV.outcomes.{other}"), "").await;
    outcomes.keep(other, &refused(), None).await.unwrap();
    assert_eq!(stage(&outcomes, other).await, Some(Stage::Refused));
}

#[tokio::test]
async fn what_was_carried_out_replaces_a_no() {
    let (_server, outcomes) = outcomes().await;
    let command = Uuid::new_v4();
    outcomes.keep(command, &refused(), None).await.unwrap();
    outcomes.keep(command, &succeeded(command), None).await.unwrap();
    assert_eq!(stage(&outcomes, command).await, Some(Stage::Succeeded));
}

#[tokio::test]
async fn a_command_that_is_given_again_gets_a_new_outcome() {
    let (_server, outcomes) = outcomes().await;
    let command = Uuid::new_v4();
    outcomes.keep(command, &refused(), None).await.unwrap();
    let seen = outcomes.find(command).await.unwrap();
    outcomes.keep(command, &outcome(Err(Failure::Conflict)), seen.as_ref()).await.unwrap();
    assert_eq!(stage(&outcomes, command).await, Some(Stage::Failed));
}
