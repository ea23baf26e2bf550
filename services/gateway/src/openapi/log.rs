//! The log: streams, states, and all of it in order.

use annals_core::Catalog;
use serde_json::{Value, json};

use super::{
    operation::{Answer, Operation},
    parameters::{in_path, in_query, limit, number},
    rehearsal::Rehearsal,
    schema,
    schemas::{time, uuid},
};
use crate::problem::Code;

const CODES: [Code; 4] =
    [Code::InvalidQuery, Code::UnknownCategory, Code::NotAcceptable, Code::EventQuarantined];

/// Every operation.
pub fn operations(catalog: &Catalog, rehearsals: &[Rehearsal]) -> Vec<Operation> {
    let first = rehearsals.iter().find_map(Rehearsal::beginning).unwrap_or_default();
    let categories =
        json!({ "type": "string", "enum": catalog.categories().map(|it| it.name).collect::<Vec<_>>() });
    let category = in_path("category", &categories, "The kind of aggregate.");
    vec![stream(&category, &first), state(&category), events(&categories, &first)]
}

fn stream(category: &Value, first: &Value) -> Operation {
    Operation::get("/v1/streams/{category}/{id}", "stream")
        .says("log", "What happened to one aggregate", "Oldest first.")
        .asks(category.clone())
        .takes(&["id"])
        .asks(in_query("after", &number(), "After this version."))
        .asks(limit(100))
        .asks(in_query("since", &time(), "Recorded strictly after."))
        .answers(
            200,
            Answer::json("A part of the stream.", &schema("StreamPage"))
                .example(json!({ "events": first["events"], "version": first["version"], "next": null })),
        )
        .fails(&CODES)
        .fails(&[Code::InvalidId])
}

fn state(category: &Value) -> Operation {
    Operation::get("/v1/streams/{category}/{id}/state", "state")
        .says(
            "log",
            "An aggregate as it is, or was",
            "Folded from its events. Before the first and beyond the last there is nothing: 404.",
        )
        .asks(category.clone())
        .takes(&["id"])
        .asks(in_query("version", &number(), "As it was at this version. Not together with `at`."))
        .asks(in_query("at", &time(), "As it was then: with all that was recorded at or before it."))
        .answers(200, Answer::json("The state.", &schema("State")).headers(&["ETag", "Annals-Position"]))
        .fails(&CODES)
        .fails(&[Code::InvalidId])
}

fn events(categories: &Value, first: &Value) -> Operation {
    let types = in_query("type", &json!({ "type": "string" }), "Only these types, with commas between them.");
    let correlation = in_query("correlation_id", &uuid(), "Only what follows from one request.");
    let event = first["events"][0].clone();
    let kind = event["type"].as_str().unwrap_or("message").to_owned();
    let mut answer: Value = Answer::json("A part of the log; or all of it from there on, as it happens.", &schema("EventPage"))
        .content("text/event-stream", &json!({
            "type": "string",
            "description": "One server-sent event for each event: `event` is its type, `data` the event in JSON \
                (the schema `Event`), and `id` its position, on the last event of each commit. A block of `id` \
                alone moves the point from which a client resumes.",
        }))
        .example(json!({ "events": first["events"], "next": first["position"] }))
        .into();
    answer["content"]["text/event-stream"]["example"] =
        format!("event: {kind}\ndata: {event}\nid: {}\n\n", first["position"]).into();
    Operation::get("/v1/events", "events")
        .says(
            "log",
            "Everything that happened, in order",
            "With `Accept: text/event-stream` it goes on as things happen, and resumes after `Last-Event-ID`; \
             such a stream has no `limit`.",
        )
        .asks(in_query("after", &number(), "After this position."))
        .asks(in_query("until", &number(), "Up to this position, which is part of it."))
        .asks(limit(100))
        .asks(types)
        .asks(in_query("category", categories, "Only aggregates of this category."))
        .asks(correlation)
        .takes(&["Last-Event-ID"])
        .answers(200, answer)
        .answers(204, Answer::new("Of a stream: everything up to `until` has been sent. Nobody need come back."))
        .fails(&CODES)
}
