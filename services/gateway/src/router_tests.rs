use axum::{
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{gateway, lamp, limits::Limits};

const LAMP: &str = "0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f";

/// What the gateway answers while there is neither a log nor any other service.
async fn call(mut request: Request<Body>) -> (Response<()>, Value) {
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    let router = router(gateway::offline(lamp::catalog(), Limits::PRODUCTION).await);
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (Response::from_parts(head, ()), serde_json::from_slice(&body).unwrap_or_default())
}

async fn problem(request: Request<Body>) -> (u16, String) {
    let shown = format!("{} {}", request.method(), request.uri());
    let path = request.uri().path().to_owned();
    let (head, body) = call(request).await;
    assert_eq!(head.headers()["content-type"], "application/problem+json", "{shown}: {body}");
    assert_eq!(head.headers()["x-content-type-options"], "nosniff", "{shown}");
    assert_eq!(
        (&body["instance"], &body["status"]),
        (&json!(path), &json!(head.status().as_u16())),
        "{shown}"
    );
    let code = body["code"].as_str().unwrap();
    assert_eq!(body["type"], format!("/problems/{code}"), "{shown}");
    assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
    (head.status().as_u16(), code.to_owned())
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(path: &str, body: &str) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.to_owned().into()).unwrap()
}

fn light(body: &str) -> Request<Body> {
    post(&format!("/v1/commands/lamp/{LAMP}/light"), body)
}

fn with(mut request: Request<Body>, name: &'static str, value: &'static str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

fn expect(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn what_leads_nowhere_is_a_problem() {
    for path in
        ["/v1", "/v1/commands/lamp/a", "/v1/views/", "/v1/views/lamps/a/b", "//", "/v1/streams/lamp/%2F/x"]
    {
        assert_eq!(problem(get(path)).await, expect(404, "not-found"), "{path}");
    }
    assert_eq!(problem(get("/v1/views/%ff")).await, expect(404, "not-found"));
    assert_eq!(problem(get("/v1/views/sofas")).await, expect(404, "unknown-view"));
    assert_eq!(problem(get("/v1/reactors/sofas")).await, expect(404, "not-found"));
    assert_eq!(problem(get(&format!("/v1/streams/sofa/{LAMP}"))).await, expect(404, "unknown-category"));
    assert_eq!(problem(get("/v1/streams/sofa")).await, expect(404, "unknown-category"));
    for id in ["7", "..", "%ff", "%00", "%2e%2e%2f", "0190a5c57b1e7c1a9c5b1a2b3c4d5e6f", "%F0%9F%90%A2"] {
        assert_eq!(problem(get(&format!("/v1/streams/lamp/{id}"))).await, expect(400, "invalid-id"), "{id}");
        assert_eq!(problem(get(&format!("/v1/commands/{id}"))).await, expect(400, "invalid-id"), "{id}");
        assert_eq!(problem(get(&format!("/v1/events/{id}"))).await, expect(400, "invalid-id"), "{id}");
    }
}

#[tokio::test]
async fn who_asks_for_an_unknown_reactor_is_told_which_there_are() {
    let (_, body) = call(get("/v1/reactors/sofas")).await;
    assert_eq!(body["detail"], "There is no reactor `sofas`. There are `caretaker`.");
    assert_eq!(body["known"], json!(["caretaker"]));
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let (head, _) = call(get("/v1/commands")).await;
    assert_eq!(
        (head.status(), &head.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
    assert_eq!(problem(post("/v1/events", "{}")).await, expect(405, "method-not-allowed"));
    let strange = Request::builder().method("FROB").uri("/livez").body(Body::empty()).unwrap();
    assert_eq!(problem(strange).await, expect(405, "method-not-allowed"));
}

#[tokio::test]
async fn a_command_is_checked_before_anything_is_sent() {
    let at = |path: &str| post(path, r#"{"watts":5}"#);
    assert_eq!(
        problem(at(&format!("/v1/commands/sofa/{LAMP}/light"))).await,
        expect(404, "unknown-category")
    );
    assert_eq!(problem(at(&format!("/v1/commands/lamp/{LAMP}/paint"))).await, expect(404, "unknown-command"));
    assert_eq!(
        problem(at(&format!("/v1/commands/lamp/{LAMP}/recycle"))).await,
        expect(404, "unknown-command")
    );
    assert_eq!(problem(at("/v1/commands/lamp/7/light")).await, expect(400, "invalid-id"));
    assert_eq!(problem(at("/v1/commands/lamp/%ff/light")).await, expect(400, "invalid-id"));
    assert_eq!(problem(light("{")).await, expect(400, "malformed-json"));
    assert_eq!(problem(light(r#"{"watts":5,"watts":6}"#)).await, expect(400, "malformed-json"));
    assert_eq!(problem(light("[]")).await, expect(400, "invalid-payload"));
    assert_eq!(problem(light("")).await, expect(400, "invalid-payload"));
    assert_eq!(problem(light(&" ".repeat(256 * 1024 + 1))).await, expect(413, "payload-too-large"));
    let text = Request::post(format!("/v1/commands/lamp/{LAMP}/light")).body("{}".into()).unwrap();
    assert_eq!(problem(text).await, expect(415, "unsupported-media-type"));
}

#[tokio::test]
async fn headers_are_checked() {
    let fits = || light(r#"{"watts":5}"#);
    for (name, value) in
        [("if-match", "3"), ("if-none-match", "\"3\""), ("idempotency-key", ""), ("x-correlation-id", "7")]
    {
        assert_eq!(problem(with(fits(), name, value)).await, expect(400, "invalid-header"), "{name}");
    }
    let twice = with(with(fits(), "idempotency-key", "a"), "idempotency-key", "a");
    assert_eq!(problem(twice).await, expect(400, "invalid-header"));
    for path in ["/v1/views/lamps", "/v1/reactors/caretaker"] {
        let soon = with(get(path), "annals-min-position", "soon");
        assert_eq!(problem(soon).await, expect(400, "invalid-header"), "{path}");
    }
    assert_eq!(problem(with(get("/v1/events"), "accept", "text/html")).await, expect(406, "not-acceptable"));
}

#[tokio::test]
async fn who_follows_the_log_is_told_what_does_not_fit() {
    let follow = |path: &str| with(get(path), "accept", "text/event-stream");
    for id in ["soon", "-1", ""] {
        let resumed = with(follow("/v1/events"), "last-event-id", id);
        assert_eq!(problem(resumed).await, expect(400, "invalid-header"), "{id}");
    }
    for query in [
        "limit=5",
        "after=soon",
        "after=1.",
        "until=-1",
        "until=1.2",
        "lastEventId=soon",
        "type=A&type=B",
        "correlation_id=7",
        "causation_id=7",
        "since=yesterday",
        "category=sofa",
        "type=LampLit,SofaMoved",
    ] {
        let path = format!("/v1/events?{query}");
        assert_eq!(problem(follow(&path)).await, expect(400, "invalid-query"), "{query}");
    }
    let fits =
        "/v1/events?after=1.2&until=9&lastEventId=3&type=LampLit&category=lamp&since=2026-11-21T09:30:00Z";
    assert_eq!(problem(follow(fits)).await, expect(503, "unavailable"));
    assert_eq!(problem(follow("/v1/views")).await, expect(406, "not-acceptable"));
    let excluded = with(get("/v1/events"), "accept", "text/event-stream;q=0, application/json");
    assert_eq!(problem(excluded).await, expect(503, "unavailable"));
}

#[tokio::test]
async fn a_filter_for_what_does_not_exist_says_what_does() {
    let (_, body) = call(get("/v1/events?category=sofa")).await;
    assert_eq!((&body["code"], &body["known"]), (&json!("invalid-query"), &json!(["lamp"])));
    let (_, body) = call(get("/v1/events?type=SofaMoved")).await;
    assert_eq!(body["detail"], "There is no event type `SofaMoved`. There are `LampLit`.");
}

#[tokio::test]
async fn with_as_many_subscriptions_as_there_may_be_pages_are_still_read() {
    let limits = Limits { followers: 0, ..Limits::PRODUCTION };
    let router = router(gateway::offline(lamp::catalog(), limits).await);
    let ask = async |accept: &'static str| {
        let request = with(with(get("/v1/events"), "host", "localhost"), "accept", accept);
        let answer = router.clone().oneshot(request).await.unwrap();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["detail"].clone()
    };
    assert_eq!(ask("text/event-stream").await, "Too many clients follow the log right now.");
    assert_eq!(ask("application/json").await, "The log cannot be reached.");
}

#[tokio::test]
async fn parameters_are_checked() {
    let stream = format!("/v1/streams/lamp/{LAMP}");
    for path in [
        "/v1/views?x=1",
        "/v1/catalog?x=1",
        "/v1/views/lamps?watts=5",
        "/v1/views/lamps?limit=0",
        "/v1/views/lamps?room=a&room=b",
        "/v1/views/lamps/a:b?limit=1",
        "/v1/reactors?state=live",
        "/v1/reactors/caretaker?wait=1",
        "/v1/events?after=-1",
        "/v1/events?after=1.2.3",
        "/v1/events?correlation_id=7",
        "/v1/events?type=",
        "/v1/streams/lamp?limit=0",
        "/v1/streams/lamp?room=a",
        &format!("{stream}?since=yesterday"),
        &format!("{stream}/state?version=1&at=2026-11-21T09:30:00Z"),
    ] {
        assert_eq!(problem(get(path)).await, expect(400, "invalid-query"), "{path}");
    }
}

#[tokio::test]
async fn without_a_log_everything_that_fits_is_unavailable() {
    let stream = format!("/v1/streams/lamp/{LAMP}");
    let (state, event, command) =
        (format!("{stream}/state"), format!("/v1/events/{LAMP}"), format!("/v1/commands/{LAMP}"));
    for path in [
        "/v1/views/lamps",
        "/v1/views/lamps/a:b",
        "/v1/reactors/caretaker",
        "/v1/events",
        "/v1/streams/lamp",
        &stream,
        &state,
        &event,
        &command,
    ] {
        assert_eq!(problem(get(path)).await, expect(503, "unavailable"), "{path}");
    }
    let (head, _) = call(with(light(r#"{"watts":5}"#), "x-correlation-id", LAMP)).await;
    assert_eq!(head.status(), 503);
    assert_eq!(
        (&head.headers()["retry-after"], &head.headers()["x-correlation-id"]),
        (&"1".parse().unwrap(), &LAMP.parse().unwrap())
    );
}

#[tokio::test]
async fn without_a_log_views_and_reactors_are_still_listed_and_nothing_is_ready() {
    for kind in ["views", "reactors"] {
        let (head, body) = call(get(&format!("/v1/{kind}"))).await;
        assert_eq!((head.status(), &body[kind][0]["state"]), (StatusCode::OK, &json!("unreachable")));
    }

    let (head, body) = call(get("/readyz")).await;
    assert_eq!((head.status(), &body["ready"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
    assert_eq!((&body["durable"], &body["degraded"]), (&json!("unknown"), &json!([])));
    assert_eq!(body["services"], json!({ "command": false, "projector": false, "reactor": false }));
    assert_eq!(call(get("/livez")).await.0.status(), 200);
}

#[tokio::test]
async fn the_catalog_needs_no_log() {
    let (head, body) = call(get("/v1/catalog")).await;
    assert_eq!((head.status(), &body["categories"][0]["name"]), (StatusCode::OK, &json!("lamp")));
    assert_eq!(call(get("/v1/catalog")).await.1, body, "it is the same every time");
}

#[tokio::test]
async fn head_works_where_get_does() {
    let head = |path: &str| Request::head(path).body(Body::empty()).unwrap();
    assert_eq!(call(head("/v1/views")).await.0.status(), 200);
    assert_eq!(call(head("/v1/views/sofas")).await.0.status(), 404);
    assert_eq!(call(head("/v1/commands")).await.0.status(), 405);
}

#[tokio::test]
async fn a_panic_is_a_problem() {
    let defect = Router::new()
        .route("/", axum::routing::get(async || -> &'static str { panic!("on purpose") }))
        .layer(CatchPanicLayer::custom(edge::panicked))
        .layer(from_fn(edge::finish));
    let request = Request::get("/").header("host", "localhost").body(Body::empty()).unwrap();
    let response = defect.oneshot(request).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &"application/problem+json".parse().unwrap())
    );
}
