//! Pages for people.

use annals_core::Catalog;
use serde_json::json;
use strum::VariantArray;

use super::{
    operation::{Answer, Operation},
    parameters::{in_path, in_query, number},
    schemas::object,
};
use crate::{pages::has_posts, problem::Code};

/// Every operation.
pub fn operations(catalog: &Catalog) -> Vec<Operation> {
    let mut pages = vec![home(), docs(), problem()];
    if has_posts(catalog) {
        pages.extend([posts(), publish(catalog), delete()]);
    }
    pages
}

fn html(description: &str) -> Answer {
    Answer::new(description).content("text/html", &json!({ "type": "string" }))
}

fn home() -> Operation {
    let text = json!({ "type": "string" });
    let places = json!({
        "name": text, "version": text, "about": text,
        "links": { "type": "object", "additionalProperties": { "type": "string", "format": "uri-reference" } },
        "try": { "type": ["string", "null"] },
    });
    let places = object("The same, for programs.", &["name", "version", "about", "links", "try"], &places);
    let answer = html("What this is, and where to go.").content("application/json", &places);
    Operation::get("/", "home")
        .says("pages", "What this is, and where to go", "")
        .answers(200, answer)
        .fails(&[Code::InvalidQuery])
        .for_people()
}

fn docs() -> Operation {
    Operation::get("/docs", "docs")
        .says("pages", "This document, to click through", "")
        .answers(200, html("The page."))
        .fails(&[Code::InvalidQuery])
}

fn problem() -> Operation {
    let codes: Vec<_> = Code::VARIANTS.iter().map(|code| code.name()).collect();
    Operation::get("/problems/{code}", "problem")
        .says("pages", "What a problem means, and what to do", "Problems lead here by their `type`.")
        .asks(in_path("code", &json!({ "type": "string", "enum": codes }), "The code of the problem."))
        .answers(200, html("The page."))
        .fails(&[Code::InvalidQuery])
        .for_people()
}

fn posts() -> Operation {
    Operation::get("/posts", "posts")
        .says("pages", "The timeline, and a form to publish", "")
        .asks(in_query("position", &number(), "At least as new as this position."))
        .asks(in_query("cursor", &json!({ "type": "string" }), "Older posts."))
        .answers(200, html("The page."))
        .fails(&[Code::InvalidQuery, Code::UnknownView, Code::ProjectionBehind, Code::EventQuarantined])
        .for_people()
}

/// The form takes what the command takes, and a key that the page draws.
fn publish(catalog: &Catalog) -> Operation {
    let command = catalog.category("post").and_then(|it| it.commands.get("publish"));
    let mut form = command.cloned().unwrap_or_else(|| json!({ "type": "object" }));
    form["properties"]["key"] = json!({ "type": "string", "pattern": "^[!-~]{0,255}$" });
    by_form(Operation::post("/posts", "posts.publish")).says("pages", "Publish a post, by the form", "").body(
        json!({ "required": true, "content": { "application/x-www-form-urlencoded": { "schema": form } } }),
    )
}

fn delete() -> Operation {
    by_form(Operation::post("/posts/{id}/delete", "posts.delete"))
        .says("pages", "Delete a post, by its button", "")
        .takes(&["id"])
}

fn by_form(operation: Operation) -> Operation {
    operation
        .answers(303, Answer::new("Done; the page shows it.").headers(&["Location"]))
        .fails(&[
            Code::InvalidId,
            Code::InvalidQuery,
            Code::Conflict,
            Code::CommandInFlight,
            Code::Refused,
            Code::IdempotencyKeyReused,
            Code::EventQuarantined,
        ])
        .for_people()
}
