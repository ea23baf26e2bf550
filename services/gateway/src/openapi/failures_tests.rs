//! What the document says of failures, and of headers.

use annals_core::{Decider, Domain};
use axum::http::{HeaderMap, header::ACCEPT};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::*;
use crate::{fits::fits, pages};

/// What the document says of this.
fn described(path: &str, method: &str, status: &str) -> Value {
    let document = document(&annals_domains::catalog());
    let answer = &document["paths"][path][method]["responses"][status];
    let place = answer["$ref"].as_str().map(|place| place.trim_start_matches('#').to_owned());
    place.map_or_else(|| answer.clone(), |place| document.pointer(&place).unwrap().clone())
}

#[test]
fn what_goes_wrong_is_html_wherever_people_look() {
    let browser: HeaderMap = [(ACCEPT, "text/html".parse().unwrap())].into_iter().collect();
    for path in ["/", "/problems/{code}", "/posts", "/docs", "/v1/views", "/livez"] {
        let kinds = &described(path, "get", "500")["content"];
        assert!(kinds["application/problem+json"].is_object(), "{path}");
        assert_eq!(kinds["text/html"].is_object(), pages::is_wanted(path, &browser), "{path}");
    }
}

#[test]
fn the_page_of_posts_knows_no_condition() {
    assert_eq!(described("/posts", "get", "304"), Value::Null);
    let document = document(&annals_domains::catalog());
    let asked = document["paths"]["/posts"]["get"]["parameters"].as_array().unwrap();
    assert!(asked.iter().all(|it| it["in"] == "query"), "{asked:?}");
}

#[test]
fn headers_of_failures_are_described_and_those_that_are_always_there_are_required() {
    let always = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let sometimes = |name: &str| always(&format!("optional.{name}"));
    let deposit = "/v1/commands/account/{id}/deposit";
    for status in ["400", "409", "412", "422", "503"] {
        let headers = &described(deposit, "post", status)["headers"];
        assert_eq!(headers["X-Correlation-Id"], sometimes("X-Correlation-Id"), "{status}");
    }
    assert_eq!(
        described("/v1/commands", "post", "422")["headers"]["X-Correlation-Id"],
        sometimes("X-Correlation-Id")
    );
    assert_eq!(described(deposit, "post", "503")["headers"]["Retry-After"], always("Retry-After"));
    assert_eq!(described(deposit, "post", "409")["headers"]["Retry-After"], sometimes("Retry-After"));
    assert_eq!(described(deposit, "post", "412")["headers"]["ETag"], always("ETag"));
    let row = "/v1/views/balances/{key}";
    for status in ["404", "503"] {
        let headers = &described(row, "get", status)["headers"];
        assert_eq!(headers["Annals-Position"], sometimes("Annals-Position"), "{status}");
    }
    assert_eq!(described("/v1/views", "get", "404")["headers"], Value::Null, "it has no position to tell");
    let components = document(&annals_domains::catalog())["components"]["headers"].clone();
    assert_eq!(components["ETag"]["required"], true);
    assert_eq!(components["optional.ETag"]["required"], Value::Null);
}

#[test]
fn an_asynchronous_repeat_may_say_that_it_is_one_and_that_the_first_has_succeeded() {
    let document = document(&annals_domains::catalog());
    let taken = described("/v1/commands", "post", "202");
    assert_eq!(
        taken["headers"]["Idempotency-Replayed"]["$ref"],
        "#/components/headers/optional.Idempotency-Replayed"
    );
    let schema = &taken["content"]["application/json"]["schema"];
    let state = |state: &str| json!({ "command_id": uuid::Uuid::nil(), "state": state });
    for allowed in ["pending", "succeeded"] {
        assert_eq!(fits(&document, schema, &state(allowed)), Ok(()), "{allowed}");
    }
    assert!(fits(&document, schema, &state("refused")).is_err(), "it would be decided anew");
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Mine;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    Dig {},
    Lay { fuse_s: u32 },
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
enum Event {
    MineLaid { fuse_s: u32 },
}

#[derive(Debug, Serialize, JsonSchema, Error)]
enum Refusal {}

impl Decider for Mine {
    const NAME: &'static str = "mine";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Dig {} => panic!("over a command"),
            Command::Lay { fuse_s } => Ok(vec![Event::MineLaid { fuse_s }]),
        }
    }

    fn evolve(self, _: &Event) -> Self {
        panic!("over an event")
    }
}

#[test]
fn a_domain_that_panics_has_no_examples_and_the_gateway_starts() {
    let catalog = Catalog::try_new([Domain::of::<Mine>()]).unwrap();
    let document = document(&catalog);
    let answer = |command: &str| {
        let path = format!("/v1/commands/mine/{{id}}/{command}");
        document["paths"][path]["post"]["responses"]["201"]["content"]["application/json"].clone()
    };
    for command in ["dig", "lay"] {
        assert!(answer(command)["schema"].is_object() && answer(command)["example"].is_null(), "{command}");
    }
    assert!(crate::asyncapi::document(&catalog).is_object());
}
