//! What the system says about itself.

use annals_testkit::System;
use serde_json::{Value, json};

fn named<'a>(things: &'a Value, key: &str, name: &str) -> &'a Value {
    let found = things.as_array().unwrap().iter().find(|thing| thing[key] == name);
    found.unwrap_or_else(|| panic!("no {name} in {things}"))
}

fn names(things: &Value) -> Vec<&str> {
    things.as_array().unwrap().iter().map(|thing| thing["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_catalog_says_what_can_be_asked_and_who_reads_what_happened() {
    let system = System::start().await;
    let catalog = system.get("/v1/catalog").await.accepted();
    assert_eq!(system.get("/v1/catalog").await.accepted(), catalog, "the same every time");

    let domains = ["account", "post", "todo", "todo-list", "reward", "subscription", "person", "transfer"];
    for category in domains.into_iter().chain(["notification"]) {
        named(&catalog["categories"], "name", category);
    }
    let account = named(&catalog["categories"], "name", "account");
    let deposit = named(&account["commands"], "name", "deposit");
    assert_eq!((&deposit["internal"], &deposit["schema"]["required"]), (&json!(false), &json!(["amount"])));
    let opened = named(&account["events"], "type", "AccountOpened");
    assert_eq!(opened["read_by"], json!({ "views": ["balances", "statements"], "reactors": ["welcome"] }));
    let too_much = named(&account["refusals"], "reason", "insufficient-funds");
    assert_eq!(too_much["schema"]["required"], json!(["balance", "amount"]));

    let person = named(&catalog["categories"], "name", "person");
    assert_eq!(named(&person["events"], "type", "PersonRegistered")["schema_version"], 2);
    let welcome = named(&catalog["reactors"], "name", "welcome");
    assert_eq!(welcome["wakes"], json!([{ "category": "account", "event": "AccountOpened" }]));

    let views = system.get("/v1/views").await.accepted();
    assert_eq!(names(&catalog["views"]), names(&views["views"]));
    for view in views["views"].as_array().unwrap() {
        let described = named(&catalog["views"], "name", view["name"].as_str().unwrap());
        for (property, value) in described.as_object().unwrap() {
            assert_eq!(&view[property], value, "{property} of {view}");
        }
    }
}

#[tokio::test]
async fn what_the_catalog_calls_internal_is_unknown_to_http_and_nothing_else_is() {
    let system = System::start().await;
    let catalog = system.get("/v1/catalog").await.accepted();
    let mut asked = 0;
    for category in catalog["categories"].as_array().unwrap() {
        for command in category["commands"].as_array().unwrap() {
            let [category, name] = [category, command].map(|it| it["name"].as_str().unwrap());
            let path = format!("/v1/commands/{category}/0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f/{name}");
            let strange = system.post(&path, &json!({ "no such field": true })).await;
            let internal = command["internal"].as_bool().unwrap();
            let (status, code) = if internal { (404, "unknown-command") } else { (400, "invalid-payload") };
            let _ = strange.problem(status, code);
            asked += 1;
        }
    }
    assert!(asked >= 11, "{catalog}");
}
