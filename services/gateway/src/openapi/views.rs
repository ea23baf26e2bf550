//! Views: for each a page of its rows and one row, with the columns that it has.

use std::collections::BTreeMap;

use annals_core::{Catalog, Column, Kind, Projection};
use serde_json::{Map, Value, json};

use super::{
    operation::{Answer, Operation},
    parameters::{in_path, in_query, limit},
    sample, schema,
    schemas::{list, object, time, uuid},
};
use crate::problem::Code;

const CODES: [Code; 4] =
    [Code::InvalidQuery, Code::NotAcceptable, Code::ProjectionBehind, Code::EventQuarantined];

/// Every operation.
pub fn operations(catalog: &Catalog) -> Vec<Operation> {
    let each = catalog.projections().flat_map(|it| [rows(it), row(it)]);
    each.chain([all()]).collect()
}

fn all() -> Operation {
    let views = object("", &["views"], &json!({ "views": list(&schema("ViewStatus")) }));
    Operation::get("/v1/views", "views")
        .says("views", "All views", "What each shows, and how far it is.")
        .answers(200, Answer::json("All views, by name.", &views))
        .fails(&[Code::InvalidQuery, Code::NotAcceptable])
}

fn rows(view: &Projection) -> Operation {
    let page = object(
        "",
        &["rows", "next"],
        &json!({
            "rows": list(&schema(&row_of(view.view))),
            "next": { "type": ["string", "null"], "description": "What to ask for as `cursor`, if there is more." },
        }),
    );
    let cursor = in_query("cursor", &json!({ "type": "string" }), "`next` of the page before.");
    let operation = Operation::get(format!("/v1/views/{}", view.view), format!("{}.rows", view.view))
        .says("views", &format!("{}: rows", view.view), &order(view))
        .asks(limit(50))
        .asks(cursor)
        .takes(&["Annals-Min-Position", "Prefer-Wait"])
        .answers(
            200,
            Answer::json("A page of rows.", &page)
                .headers(&["Annals-Position"])
                .may_have("Link")
                .example(json!({ "rows": [example(view)], "next": null })),
        )
        .fails(&CODES);
    let filter = |name: &&str| in_query(name, &asked(view, name), "Only rows with this value.");
    view.shows.filters.iter().map(filter).fold(operation, Operation::asks)
}

fn row(view: &Projection) -> Operation {
    let key = match view.shows.key {
        [only] => asked(view, only),
        _ => json!({ "type": "string" }),
    };
    let description = format!("`{}`", view.shows.key.join(":"));
    Operation::get(format!("/v1/views/{}/{{key}}", view.view), format!("{}.row", view.view))
        .says("views", &format!("{}: one row", view.view), "")
        .asks(in_path("key", &key, &description))
        .takes(&["Annals-Min-Position", "Prefer-Wait"])
        .answers(
            200,
            Answer::json("The row.", &schema(&row_of(view.view)))
                .headers(&["Annals-Position"])
                .example(example(view)),
        )
        .fails(&CODES)
        .may_tell("Annals-Position", &[Code::NotFound])
}

fn order(view: &Projection) -> String {
    let by = view.shows.order.columns().iter().chain(view.shows.key);
    let by: Vec<_> = by.map(|name| format!("`{name}`")).collect();
    let first = match view.shows.order {
        annals_core::Order::Ascending(_) => "smallest",
        annals_core::Order::Descending(_) => "greatest",
    };
    format!("In the order of {}, the {first} first.", by.join(", "))
}

fn row_of(view: &str) -> String {
    format!("views.{view}")
}

/// The rows of every view.
pub fn schemas(catalog: &Catalog) -> BTreeMap<String, Value> {
    catalog.projections().map(|view| (row_of(view.view), columns(view))).collect()
}

fn columns(view: &Projection) -> Value {
    let properties: Map<_, _> =
        view.shows.visible().map(|column| (column.name.to_owned(), cell(view, column))).collect();
    let required: Vec<_> = view.shows.visible().map(|column| column.name).collect();
    object(&format!("A row of `{}`.", view.view), &required, &properties.into())
}

/// What names or orders the rows is never null; of the rest the catalog does not know.
fn cell(view: &Projection, column: &Column) -> Value {
    let mut cell = value(column.kind);
    let mut certain = view.shows.key.iter().chain(view.shows.order.columns());
    if !certain.any(|name| *name == column.name) {
        cell["type"] = json!([cell["type"], "null"]);
    }
    cell
}

fn value(kind: Kind) -> Value {
    match kind {
        Kind::Id => uuid(),
        Kind::Time => time(),
        Kind::Text => json!({ "type": "string" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
    }
}

/// A value of this column, as it is asked for.
fn asked(view: &Projection, column: &str) -> Value {
    value(view.shows.column(column).map_or(Kind::Text, |column| column.kind))
}

fn example(view: &Projection) -> Value {
    sample::of("", &columns(view))
}
