//! Reactors: how far they are.

use annals_core::Catalog;
use serde_json::json;

use super::{
    operation::{Answer, Operation},
    parameters::in_path,
    schema,
    schemas::{list, object},
};
use crate::problem::Code;

/// Every operation.
pub fn operations(catalog: &Catalog) -> Vec<Operation> {
    let names: Vec<_> = catalog.reactors().map(|it| it.name).collect();
    let mut name = json!({ "type": "string" });
    if !names.is_empty() {
        name["enum"] = json!(names);
    }
    let all = object("", &["reactors"], &json!({ "reactors": list(&schema("ReactorStatus")) }));
    vec![
        Operation::get("/v1/reactors", "reactors")
            .says("reactors", "All reactors", "How far each is.")
            .answers(200, Answer::json("All reactors, by name.", &all))
            .fails(&[Code::InvalidQuery, Code::NotAcceptable]),
        Operation::get("/v1/reactors/{name}", "reactor")
            .says(
                "reactors",
                "One reactor",
                "With `Annals-Min-Position` once it has settled everything up to there.",
            )
            .asks(in_path("name", &name, "The reactor."))
            .takes(&["Annals-Min-Position", "Prefer-Wait"])
            .answers(
                200,
                Answer::json("How it is doing.", &schema("ReactorStatus")).headers(&["Annals-Position"]),
            )
            .fails(&[
                Code::InvalidQuery,
                Code::NotAcceptable,
                Code::ProjectionBehind,
                Code::EventQuarantined,
            ]),
    ]
}
