//! What the gateway answers is what its own document says.

use annals_testkit::{Answer, System, eventually};
use serde_json::{Value, json};
use uuid::Uuid;

/// The document of a running system.
struct Contract(Value);

impl Contract {
    async fn of(system: &System) -> Self {
        Self(system.get("/openapi.json").await.accepted())
    }

    fn meant<'a>(&'a self, thing: &'a Value) -> &'a Value {
        match thing["$ref"].as_str() {
            Some(place) => self.0.pointer(place.trim_start_matches('#')).unwrap(),
            None => thing,
        }
    }

    /// The operation that a path belongs to: one without variable segments comes first.
    fn operation(&self, method: &str, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let fits = |template: &str| {
            let (segments, path) = (template.split('/'), path.split('/'));
            template.split('/').count() == path.clone().count()
                && segments.zip(path).all(|(segment, it)| segment == it || segment.starts_with('{'))
        };
        let paths = self.0["paths"].as_object().unwrap().iter();
        let candidates = paths.filter(|(template, methods)| fits(template) && methods[method].is_object());
        let best = candidates.min_by_key(|(template, _)| template.matches('{').count());
        &best.unwrap_or_else(|| panic!("{method} {path} is not described")).1[method]
    }

    /// Status, type, headers and body.
    fn holds(&self, method: &str, path: &str, answer: &Answer) {
        let shown = format!("{method} {path}: {} {}", answer.status, answer.text);
        let responses = &self.operation(method, path)["responses"];
        let response = self.meant(&responses[answer.status.as_str()]);
        assert!(response.is_object(), "the status is not described: {shown}");
        for (name, header) in self.0["components"]["headers"].as_object().unwrap() {
            let described = &response["headers"][name];
            let required = self.meant(described)["required"] == true;
            assert!(!required || !answer.header(name).is_empty(), "{name} is missing: {shown}");
            let known = header["required"] == true; // the others are the same under another name
            let sent = known && !answer.header(name).is_empty();
            assert!(!sent || described.is_object(), "{name} is not described: {shown}");
        }
        if answer.text.is_empty() && response["content"].is_null() {
            return;
        }
        let kind = answer.header("content-type").split(';').next().unwrap();
        let content = &response["content"][kind];
        assert!(content.is_object(), "{kind} is not described: {shown}");
        if kind.ends_with("json") {
            let whole = json!({ "allOf": [content["schema"]], "components": self.0["components"] });
            let validator = jsonschema::options().should_validate_formats(true).build(&whole).unwrap();
            let wrong: Vec<_> = validator.iter_errors(&answer.json).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{wrong:?}: {shown}");
        }
    }
}

async fn get(system: &System, contract: &Contract, path: &str, status: u16) {
    let answer = system.get(path).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.text);
    contract.holds("get", path, &answer);
}

#[tokio::test]
async fn commands_are_answered_as_described() {
    let system = System::start().await;
    let contract = Contract::of(&system).await;
    let id = Uuid::new_v4();
    for (command, body, header, status) in [
        ("open", json!({ "owner_email": "ada@example.com" }), ("Idempotency-Key", "first"), 201),
        ("open", json!({ "owner_email": "ada@example.com" }), ("Idempotency-Key", "first"), 201),
        ("open", json!({ "owner_email": "bob@example.com" }), ("Idempotency-Key", "first"), 422),
        ("open", json!({ "owner_email": "ada@example.com" }), ("Idempotency-Key", "second"), 422),
        ("deposit", json!({ "amount": 250 }), ("If-Match", "\"1\""), 200),
        ("deposit", json!({ "amount": 250 }), ("If-Match", "\"1\""), 412),
        ("deposit", json!({ "amount": 250 }), ("If-Match", "1"), 400),
        ("deposit", json!({ "amount": "250", "to": 1 }), ("If-None-Match", "*"), 400),
        ("deposit", json!({}), ("Accept", "text/html"), 406),
        ("deposit", json!({}), ("Origin", "http://elsewhere.example"), 403),
        ("withdraw", json!({ "amount": 1000 }), ("X-Correlation-Id", &id.to_string()), 422),
        ("close", json!({}), ("X-Correlation-Id", &id.to_string()), 422),
    ] {
        let path = format!("/v1/commands/account/{id}/{command}");
        let answer = system.post(&path, &body).header(header.0, header.1).await;
        assert_eq!(answer.status, status, "{command} {header:?}: {}", answer.text);
        contract.holds("post", &path, &answer);
    }
    for _ in 0..2 {
        let path = format!("/v1/commands/account/{id}/deposit");
        let later = system.post(&path, &json!({ "amount": 50 })).header("Prefer", "respond-async");
        let later = later.header("Idempotency-Key", "later").await;
        assert_eq!(later.status, 202, "{}", later.text);
        contract.holds("post", &path, &later);
    }
    for (body, status) in [
        (json!({ "command": "post.publish", "data": { "author": "Ada", "content": "Hello" } }), 201),
        (json!({ "command": "post.delete" }), 400),
        (json!({ "command": "post.edit" }), 404),
        (json!({ "command": "sofa.edit" }), 404),
    ] {
        let answer = system.post("/v1/commands", &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        contract.holds("post", "/v1/commands", &answer);
    }
}

#[tokio::test]
async fn what_is_not_waited_for_is_answered_as_described() {
    let system = System::start().await;
    let contract = Contract::of(&system).await;
    let id = Uuid::new_v4();
    for (command, body, state) in [
        ("publish", json!({ "author": "Ada", "content": "Hello" }), "succeeded"),
        ("publish", json!({ "author": "Bob", "content": "Hello" }), "refused"),
    ] {
        let path = format!("/v1/commands/post/{id}/{command}");
        let taken = system.post(&path, &body).header("Prefer", "respond-async").await;
        assert_eq!(taken.status, 202, "{}", taken.text);
        contract.holds("post", &path, &taken);
        let outcome = taken.header("location").to_owned();
        eventually("it has an outcome", async || {
            let answer = system.get(&outcome).await;
            contract.holds("get", &outcome, &answer);
            answer.json["state"] == state
        })
        .await;
    }
    get(&system, &contract, &format!("/v1/commands/{}", Uuid::new_v4()), 404).await;
    get(&system, &contract, "/v1/commands/7", 400).await;
}

#[tokio::test]
async fn a_stream_of_events_is_answered_as_described() {
    let system = System::start().await;
    let contract = Contract::of(&system).await;
    let words = json!({ "author": "Ada", "content": "Hello" });
    let id = Uuid::new_v4();
    let _ = system.post(&format!("/v1/commands/post/{id}/publish"), &words).await.accepted();
    for (path, status) in [
        ("/v1/events?until=1", 200),
        ("/v1/events?after=1&until=1", 204),
        ("/v1/events?limit=1", 400),
        ("/v1/events?category=sofa", 400),
    ] {
        let answer = system.get(path).header("Accept", "text/event-stream").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        contract.holds("get", path, &answer);
    }
    let strange = system.get("/v1/events").header("Accept", "text/event-stream").header("Last-Event-ID", "x");
    contract.holds("get", "/v1/events", &strange.await);
}

#[tokio::test]
async fn reads_are_answered_as_described() {
    let system = System::start().await;
    let contract = Contract::of(&system).await;
    let id = Uuid::new_v4();
    let todo = json!({ "title": "Read", "stakeholder_email": "ada@example.com" });
    let _ = system.post(&format!("/v1/commands/todo/{id}/add"), &todo).await.accepted();
    let done = json!({ "completed_on": "2026-11-21" });
    let done = system.post(&format!("/v1/commands/todo/{id}/complete"), &done).await.accepted();
    for path in ["/v1/views/completed".to_owned(), format!("/v1/views/completed/{id}")] {
        let call = system.get(&path).header("Annals-Min-Position", &done["position"].to_string());
        contract.holds("get", &path, &call.await);
    }
    for (path, status) in [
        (format!("/v1/streams/todo/{id}?limit=1"), 200),
        (format!("/v1/streams/todo/{id}/state"), 200),
        (format!("/v1/streams/todo/{id}/state?version=7"), 404),
        (format!("/v1/streams/todo/{}", Uuid::new_v4()), 404),
        ("/v1/streams/todo/7".into(), 400),
        (format!("/v1/streams/sofa/{id}"), 404),
        (format!("/v1/views/completed/{}", Uuid::new_v4()), 404),
        ("/v1/views/completed?colour=red".into(), 400),
        ("/v1/events?type=TodoAdded&limit=1".into(), 200),
        ("/v1/events?after=1.0&limit=1".into(), 200),
        ("/v1/events?after=soon".into(), 400),
        ("/v1/events?category=sofa".into(), 400),
        ("/v1/events?type=SofaSold".into(), 400),
        (format!("/v1/events/{}", done["events"][0]["id"].as_str().unwrap()), 200),
        (format!("/v1/events/{id}"), 404),
        ("/v1/events/7".into(), 400),
        ("/v1/streams/todo?limit=1".into(), 200),
        ("/v1/streams/sofa".into(), 404),
        ("/v1/reactors/welcome".into(), 200),
        ("/v1/reactors/sofa".into(), 404),
        ("/problems/refused".into(), 200),
        ("/problems/sofa".into(), 404),
    ] {
        get(&system, &contract, &path, status).await;
    }
    for (path, methods) in contract.0["paths"].as_object().unwrap() {
        if methods["get"].is_object() && !path.contains('{') {
            get(&system, &contract, path, 200).await;
        }
    }
}
