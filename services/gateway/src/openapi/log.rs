//! The log: streams, states, and all of it in order.

use annals_core::Catalog;
use serde_json::{Value, json};

use super::{
    operation::{Answer, Operation},
    parameters::{ADDRESS, in_path, in_query, limit, number},
    rehearsal::Rehearsal,
    sample, schema,
    schemas::{time, uuid},
};
use crate::problem::Code;

const CODES: [Code; 4] =
    [Code::InvalidQuery, Code::NotAcceptable, Code::ProjectionBehind, Code::EventQuarantined];

/// Every operation.
pub fn operations(catalog: &Catalog, rehearsals: &[Rehearsal]) -> Vec<Operation> {
    let first = rehearsals.iter().find_map(Rehearsal::beginning).unwrap_or_default();
    let categories =
        json!({ "type": "string", "enum": catalog.categories().map(|it| it.name).collect::<Vec<_>>() });
    let category = in_path("category", &categories, "The kind of aggregate.");
    let types = catalog.categories().flat_map(|it| it.events.keys()).map(String::as_str).collect::<Vec<_>>();
    vec![
        streams(&category),
        stream(&category, &first),
        state(&category),
        events(&categories, &types, &first),
        event(&first),
    ]
}

fn streams(category: &Value) -> Operation {
    let cursor = in_query("cursor", &json!({ "type": "string" }), "`next` of the page before.");
    let stream = json!({
        "id": sample::of("stream", &uuid()), "version": 2, "last_position": 1042,
        "last_recorded_at": sample::of("", &time()),
    });
    Operation::get("/v1/streams/{category}", "streams")
        .says("log", "The streams of a category", "Newest activity first, and how many there are.")
        .asks(category.clone())
        .asks(limit(50))
        .asks(cursor)
        .answers(
            200,
            Answer::json("Some of the streams.", &schema("StreamList"))
                .example(json!({ "streams": [stream], "count": 1, "next": null })),
        )
        .fails(&CODES)
        .fails(&[Code::UnknownCategory])
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
        .fails(&[Code::InvalidId, Code::UnknownCategory])
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
        .fails(&[Code::InvalidId, Code::UnknownCategory])
}

fn events(categories: &Value, types: &[&str], first: &Value) -> Operation {
    let event = first["events"][0].clone();
    let kind = event["type"].as_str().unwrap_or("message").to_owned();
    let mut answer: Value = Answer::json("A part of the log; or all of it from there on, as it happens.", &schema("EventPage"))
        .content("text/event-stream", &json!({
            "type": "string",
            "description": "One server-sent event for each event: `event` is its type, `data` the event in JSON \
                (the schema `Event`), and `id` its position and place, such as `1042.3`. A block of `id` alone moves \
                the point from which a client resumes.",
        }))
        .example(json!({ "events": first["events"], "next": first["position"], "end": true }))
        .into();
    answer["content"]["text/event-stream"]["example"] =
        format!("event: {kind}\ndata: {event}\nid: {}.{}\n\n", event["position"], event["place"]).into();
    let operation = Operation::get("/v1/events", "events")
        .says(
            "log",
            "Everything that happened, in order",
            "With `Accept: text/event-stream` it goes on as things happen, and resumes after `Last-Event-ID`; \
             such a stream has no `limit`.",
        )
        .takes(&["Last-Event-ID"])
        .answers(200, answer)
        .answers(204, Answer::new("Of a stream: everything up to `until` has been sent, and nothing more will come."))
        .fails(&CODES);
    event_parameters(categories, types).into_iter().fold(operation, Operation::asks)
}

fn event_parameters(categories: &Value, types: &[&str]) -> Vec<Value> {
    let address = json!({ "type": "string", "pattern": ADDRESS });
    let types = json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": types } });
    let mut types = in_query("type", &types, "Only these types, with commas between them.");
    types["explode"] = false.into();
    vec![
        in_query("after", &address, "After this position, or after this place in it: `1042` or `1042.3`."),
        in_query("until", &number(), "Up to this position, which is part of it."),
        limit(100),
        types,
        in_query("category", categories, "Only aggregates of this category."),
        in_query("correlation_id", &uuid(), "Only what follows from one request."),
        in_query("causation_id", &uuid(), "Only what this command, or this event, caused at once."),
        in_query("since", &time(), "Recorded strictly after."),
        in_query(
            "lastEventId",
            &address,
            "The same as the header `Last-Event-ID`, for clients that cannot send it.",
        ),
    ]
}

fn event(first: &Value) -> Operation {
    Operation::get("/v1/events/{event_id}", "event")
        .says("log", "One event", "")
        .asks(in_path("event_id", &uuid(), "The event's id."))
        .answers(200, Answer::json("The event.", &schema("Event")).example(first["events"][0].clone()))
        .fails(&CODES)
        .fails(&[Code::InvalidId])
}
