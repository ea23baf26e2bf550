use annals_core::{EventView, bus::Failure};
use axum::body::to_bytes;
use serde_json::{Value, json, value::to_raw_value};

use super::*;

const GIVEN: Uuid = Uuid::from_u128(1);
const RECORDED: Uuid = Uuid::from_u128(2);

fn event(version: Version) -> EventView {
    EventView {
        id: Uuid::nil(),
        r#type: "LampLit".into(),
        category: "lamp".into(),
        stream_id: Uuid::nil(),
        version,
        position: 42,
        schema: 1,
        recorded_at: "2026-11-21T09:30:00.123456Z".parse().unwrap(),
        correlation_id: RECORDED,
        causation_id: Uuid::nil(),
        actor: ACTOR.into(),
        metadata: serde_json::Map::new(),
        data: to_raw_value(&json!({})).unwrap(),
    }
}

fn accepted(events: Vec<EventView>, replayed: bool) -> Accepted {
    let (command_id, category, id) = (Uuid::nil(), "lamp".into(), Uuid::nil());
    Accepted { command_id, category, id, version: 3, position: 42, events, replayed }
}

#[tokio::test]
async fn what_begins_a_stream_is_created_there() {
    let response = reply(GIVEN, Ok(success(accepted(vec![event(1), event(2), event(3)], false))));

    assert_eq!(response.status(), 201);
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("location"), Some("/v1/streams/lamp/00000000-0000-0000-0000-000000000000"));
    assert_eq!((header("etag"), header("annals-position")), (Some("\"3\""), Some("42")));
    assert_eq!(header("idempotency-replayed"), None);

    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["category", "command_id", "events", "id", "position", "version"]);
}

#[tokio::test]
async fn what_adds_to_a_stream_is_ok_and_so_is_nothing() {
    let added = reply(GIVEN, Ok(success(accepted(vec![event(3)], false))));
    assert_eq!((added.status(), added.headers().contains_key(LOCATION)), (StatusCode::OK, false));
    assert_eq!(reply(GIVEN, Ok(success(accepted(vec![], false)))).status(), 200);
}

#[tokio::test]
async fn a_repeat_says_so_in_a_header_only() {
    let response = reply(GIVEN, Ok(success(accepted(vec![event(1)], true))));

    assert_eq!(
        (response.status(), &response.headers()[IDEMPOTENCY_REPLAYED]),
        (StatusCode::CREATED, &"true".parse().unwrap())
    );
    assert_eq!(response.headers()[CORRELATION_ID], RECORDED.to_string());
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("replayed"));
}

#[test]
fn a_failure_carries_the_correlation_id_too() {
    let response = reply(GIVEN, Err(Failure::Conflict.into()));
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers()[CORRELATION_ID], GIVEN.to_string());
}
