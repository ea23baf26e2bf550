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

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::Request,
    };
    use tower::ServiceExt;

    use super::*;
    use crate::{gateway, lamp, limits::Limits, router};

    async fn text(path: &str, kind: &str) -> String {
        let gateway = gateway::offline(lamp::catalog(), Limits::PRODUCTION).await;
        let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
        let answer = router(gateway).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers()[CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
        let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(bytes.into()).unwrap()
    }

    #[tokio::test]
    async fn all_that_the_page_loads_is_here() {
        let page = text("/docs", "text/html").await;
        let quoted = page.split('"').skip(1).step_by(2);
        let parts: Vec<_> = quoted.filter(|it| it.starts_with("/docs/")).collect();
        assert_eq!(parts.len(), 3, "{page}");
        for part in parts {
            let kind = if part.contains(".css") { "text/css" } else { "text/javascript" };
            assert!(!text(part, kind).await.is_empty(), "{part}");
        }
        assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
        assert!(text("/docs/show.js", "text/javascript").await.contains("'/openapi.json'"));
    }
}
