//! How the system is, and what it says about itself.

use serde_json::{Value, json};

use super::{
    operation::{Answer, Operation},
    schema,
    schemas::object,
};
use crate::problem::Code;

/// Every operation.
pub fn operations() -> Vec<Operation> {
    vec![alive(), ready(), metrics(), catalog(), openapi(), asyncapi()]
}

fn alive() -> Operation {
    let alive = object("", &["status"], &json!({ "status": { "const": "alive" } }));
    Operation::get("/livez", "livez")
        .says("operations", "Whether the gateway answers", "")
        .answers(200, Answer::json("It does.", &alive).example(json!({ "status": "alive" })))
}

fn ready() -> Operation {
    let there = |there: bool| {
        json!({
            "ready": there, "durable": true, "degraded": [],
            "services": { "command": true, "projector": there, "reactor": true },
        })
    };
    let not_ready: Value =
        Answer::json("Not all services are there.", &schema("Readiness")).example(there(false)).into();
    Operation::get("/readyz", "readyz")
        .says(
            "operations",
            "Whether the whole system can serve",
            "A degraded view makes nothing unready: the others serve.",
        )
        .answers(200, Answer::json("It can.", &schema("Readiness")).example(there(true)))
        .answers(503, not_ready)
}

fn metrics() -> Operation {
    Operation::get("/metrics", "metrics")
        .says("operations", "Metrics, for Prometheus", "")
        .answers(200, Answer::new("In its text format.").content("text/plain", &json!({ "type": "string" })))
}

fn catalog() -> Operation {
    Operation::get("/v1/catalog", "catalog")
        .says("operations", "What there is", "Commands, events, refusals, views and reactors.")
        .answers(200, Answer::json("The catalog.", &schema("Catalog")))
        .fails(&[Code::InvalidQuery, Code::NotAcceptable])
}

fn openapi() -> Operation {
    described("/openapi.json", "openapi", "This document", "openapi")
}

fn asyncapi() -> Operation {
    described("/asyncapi.json", "asyncapi", "The same for the log and the bus", "asyncapi")
}

fn described(path: &str, id: &str, summary: &str, member: &str) -> Operation {
    let document = object("", &[member], &json!({ member: { "type": "string" } }));
    Operation::get(path, id)
        .says("operations", summary, "")
        .answers(200, Answer::json("The document.", &document))
        .fails(&[Code::InvalidQuery, Code::NotAcceptable])
}
