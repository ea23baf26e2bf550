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
        place: 0,
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

fn made(key: Option<&str>, respond_async: bool, headers: &HeaderMap) -> CommandRequest {
    let stream = annals_core::StreamId::new("lamp", Uuid::nil());
    let asked = Asked { stream, command: "light".into(), data: json!({}), metadata: serde_json::Map::new() };
    let terms =
        Terms { expected: Expected::Any, key: key.map(ToOwned::to_owned), trace: None, respond_async };
    request(asked, &terms, Ids::read(headers).unwrap())
}

#[test]
fn a_command_is_correlated_with_itself_unless_the_client_says_otherwise() {
    let none = HeaderMap::new();
    let given: HeaderMap = [(CORRELATION_ID, GIVEN.to_string().parse().unwrap())].into_iter().collect();
    let alone = made(None, false, &none);
    assert_eq!(alone.context.correlation_id, alone.id);
    assert_eq!(made(None, false, &given).context.correlation_id, GIVEN);
    let keyed = made(Some("k"), false, &none);
    assert_eq!(keyed.context.correlation_id.get_version_num(), 7, "not the key's, which is not in order");
    assert_eq!(made(Some("k"), false, &given).context.correlation_id, GIVEN);
}

#[test]
fn only_the_first_sending_of_an_id_that_was_drawn_is_said_to_be_one() {
    let none = HeaderMap::new();
    assert!(made(None, false, &none).first_sending);
    for (key, respond_async) in [(Some("k"), false), (None, true), (Some("k"), true)] {
        assert!(!made(key, respond_async, &none).first_sending, "{key:?} {respond_async}");
    }
}

#[test]
fn a_failure_carries_the_correlation_id_too() {
    let response = reply(GIVEN, Err(Failure::Conflict.into()));
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers()[CORRELATION_ID], GIVEN.to_string());
}
