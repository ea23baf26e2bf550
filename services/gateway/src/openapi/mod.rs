//! `GET /openapi.json`: all that HTTP offers, in the words of `OpenAPI` 3.1. It is made of the catalog, so
//! that a new domain is in it at once: each command and each view has a path of its own.

mod commands;
pub mod events;
mod headers;
mod log;
mod operation;
mod pages;
mod parameters;
mod problems;
mod reactors;
pub mod rehearsal;
pub mod sample;
pub mod schemas;
mod system;
mod views;

use annals_core::Catalog;
use serde_json::{Map, Value, json};

use self::operation::Operation;

/// Where the schemas are that several operations share.
pub const SCHEMAS: &str = "#/components/schemas/";

/// A schema of the components.
pub fn schema(name: &str) -> Value {
    json!({ "$ref": format!("{SCHEMAS}{name}") })
}

/// The whole document.
pub fn document(catalog: &Catalog) -> Value {
    let rehearsals: Vec<_> = catalog.categories().map(rehearsal::of).collect();
    let operations: Vec<_> = [
        commands::operations(catalog, &rehearsals),
        views::operations(catalog),
        log::operations(catalog, &rehearsals),
        reactors::operations(catalog),
        system::operations(),
        pages::operations(catalog),
    ]
    .into_iter()
    .flatten()
    .collect();
    json!({
        "openapi": "3.1.0",
        "info": info(),
        "servers": [{ "url": "/", "description": "Wherever this document was found." }],
        "tags": tags(catalog),
        "components": {
            "schemas": all_schemas(catalog),
            "parameters": parameters::all(),
            "headers": headers::all(),
            "responses": problems::responses(&operations, &rehearsals),
            "examples": problems::examples(),
        },
        "paths": paths(operations),
    })
}

/// What this is, for both documents.
pub fn info() -> Value {
    json!({
        "title": "Annals",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Keeps what happened.",
        "description": "An event-sourced system: commands become events on one log, views and reactors \
            follow from it. Reads are eventually consistent; whoever sends the position that a command \
            returned as `Annals-Min-Position` sees at least that much. Failures are problems (RFC 9457), \
            whatever the route: `code` is what a program may rely on, and `type` leads to a page that \
            explains it. Every answer carries `Cache-Control: no-store`; `HEAD` works wherever `GET` does.",
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    })
}

fn tags(catalog: &Catalog) -> Vec<Value> {
    let tag = |name: &str, description: &str| json!({ "name": name, "description": description });
    let categories = catalog
        .categories()
        .filter(|it| !it.commands.keys().all(|name| it.internal.contains(&name.as_str())));
    let mut tags = vec![tag("commands", "Any command, and what became of it.")];
    tags.extend(categories.map(|it| tag(it.name, &format!("Commands to one {}.", it.name))));
    tags.extend([
        tag("views", "Read models."),
        tag("log", "What happened: to one aggregate, and in all."),
        tag("reactors", "Who acts on what happened, and how far each is."),
        tag("operations", "How the system is, and what it offers."),
        tag("pages", "For people."),
    ]);
    tags
}

fn all_schemas(catalog: &Catalog) -> Map<String, Value> {
    let parts = [
        schemas::all(),
        problems::schemas(),
        commands::schemas(catalog),
        events::schemas(catalog),
        views::schemas(catalog),
    ];
    parts.into_iter().flatten().collect()
}

fn paths(operations: Vec<Operation>) -> Value {
    let mut paths = json!({});
    for operation in operations {
        let (path, method) = (operation.path.clone(), operation.method);
        paths[path][method] = operation.into_value();
    }
    paths
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "failures_tests.rs"]
mod failures_tests;
