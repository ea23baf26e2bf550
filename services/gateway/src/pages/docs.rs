//! The API to click through: Swagger UI, which is part of the program. It shows `/openapi.json`.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    http::{Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{asset, head, page};
use crate::{gateway::Gateway, problem::Problem, query::Parameters};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage;

/// The page, and what it loads.
pub fn routes() -> Router<Gateway> {
    Router::new()
        .route("/docs", get(show))
        .route("/docs/show.js", get(async || asset("text/javascript", include_str!("../../assets/docs.js"))))
        .route("/docs/swagger-ui.css", get(async || vendored("swagger-ui.css")))
        .route("/docs/swagger-ui-bundle.js", get(async || vendored("swagger-ui-bundle.js")))
}

async fn show(uri: Uri) -> Result<Response, Problem> {
    Parameters::parse(&uri, &[])?;
    Ok(page(&DocsPage, head(None)))
}

fn vendored(name: &str) -> impl IntoResponse + use<> {
    let file = utoipa_swagger_ui::serve(name, Arc::default()).ok().flatten();
    let file = file.expect("Swagger UI comes with the program, and a test loads all of this");
    ([(CONTENT_TYPE, file.content_type)], file.bytes)
}
