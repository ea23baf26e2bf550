//! What the system says about itself to tools: two documents, made once, since the catalog never changes
//! while the gateway runs. `docs/api` keeps them as they are in this release.

use annals_core::Catalog;
use axum::{
    Router,
    body::Bytes,
    http::{Uri, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use serde_json::Value;

use crate::{asyncapi, gateway::Gateway, openapi, query::Parameters};

/// The routes.
pub fn routes(catalog: &Catalog) -> Router<Gateway> {
    Router::new()
        .route("/openapi.json", serve(&openapi::document(catalog)))
        .route("/asyncapi.json", serve(&asyncapi::document(catalog)))
}

fn serve(document: &Value) -> MethodRouter<Gateway> {
    let text = Bytes::from(document.to_string());
    get(async move |uri: Uri| match Parameters::parse(&uri, &[]) {
        Ok(_) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Err(problem) => problem.into_response(),
    })
}

#[cfg(test)]
#[path = "documents_tests.rs"]
mod tests;
