use serde_json::json;

use super::*;
use crate::{gateway, lamp, limits::Limits};

const ID: &str = "0190A5C5-7B1E-7C1A-9C5B-1A2B3C4D5E6F";

async fn read(body: Value) -> Result<Asked, Problem> {
    super::read(&gateway::offline(lamp::catalog(), Limits::PRODUCTION).await, body, None)
}

async fn code(body: Value) -> Code {
    read(body).await.unwrap_err().code
}

#[tokio::test]
async fn a_command_comes_with_its_id_data_and_metadata() {
    let body =
        json!({ "command": "lamp.light", "id": ID, "data": { "watts": 5 }, "metadata": { "why": "dark" } });
    let asked = read(body).await.unwrap();
    assert_eq!(asked.stream.to_string(), format!("lamp/{}", ID.to_lowercase()));
    assert_eq!(
        (asked.command.as_str(), &asked.data["watts"], &asked.metadata["why"]),
        ("light", &json!(5), &json!("dark"))
    );
}

#[tokio::test]
async fn everything_that_is_wrong_is_listed_at_once() {
    let body = json!({
        "command": "lamp.light", "id": ID, "dta": {},
        "data": { "watts": "many", "colour": 1 }, "metadata": { "why": [] },
    });
    let problem = read(body).await.unwrap_err();
    let errors = problem.extension("errors").unwrap().as_array().unwrap();
    let pointers: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/dta", "/data/colour", "/data/watts", "/metadata/why"]);
    assert_eq!(problem.code, Code::InvalidPayload);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    assert_eq!(code(json!([])).await, Code::InvalidPayload);
    assert_eq!(code(json!({})).await, Code::InvalidPayload);
    assert_eq!(code(json!({ "command": "light" })).await, Code::InvalidPayload);
    assert_eq!(code(json!({ "command": "candle.light" })).await, Code::UnknownCategory);
    assert_eq!(code(json!({ "command": "lamp.paint" })).await, Code::UnknownCommand);
    assert_eq!(code(json!({ "command": "lamp.recycle" })).await, Code::UnknownCommand);
    assert_eq!(code(json!({ "command": "lamp.light", "id": ID, "data": null })).await, Code::InvalidPayload);
}

#[tokio::test]
async fn an_id_may_be_left_out_only_at_the_beginning() {
    let light = json!({ "command": "lamp.light", "data": { "watts": 5 } });
    assert_eq!(read(light).await.unwrap().stream.id.get_version_num(), 7);
    assert_eq!(code(json!({ "command": "lamp.douse" })).await, Code::InvalidId);
    for id in [json!(null), json!(7), json!(""), json!("7")] {
        let body = json!({ "command": "lamp.light", "id": id, "data": { "watts": 5 } });
        assert_eq!(code(body).await, Code::InvalidId, "{id}");
    }
}

#[tokio::test]
async fn a_repeat_without_an_id_finds_the_same_aggregate() {
    let gateway = gateway::offline(lamp::catalog(), Limits::PRODUCTION).await;
    let body = json!({ "command": "lamp.light", "data": { "watts": 5 } });
    let drawn = |key| super::read(&gateway, body.clone(), Some(key)).unwrap().stream.id;
    assert_eq!(drawn("k"), drawn("k"));
    assert_ne!(drawn("k"), drawn("l"));
}
