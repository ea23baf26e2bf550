//! The first page: what this is, and where to go from here.

use askama::Template;
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri, header::HOST},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{has_posts, head, page};
use crate::{accept, gateway::Gateway, problem::Problem, query::Parameters};

const ABOUT: &str = "Annals keeps what happened. Commands come in over HTTP and become events on one durable \
    log; views are kept up to date from that log, and reactors act on it.";

/// A place to go to: what it is called, where it is, and what is there.
struct Link(&'static str, &'static str, &'static str);

const LINKS: [Link; 8] = [
    Link("docs", "/docs", "the whole API, to read and to try"),
    Link("openapi", "/openapi.json", "the same for tools: OpenAPI 3.1"),
    Link("asyncapi", "/asyncapi.json", "every event on the log: AsyncAPI 3.0"),
    Link("catalog", "/v1/catalog", "commands, events, views and reactors, and who reads what"),
    Link("views", "/v1/views", "the views, and how far each has come"),
    Link("events", "/v1/events", "everything that happened, in one order"),
    Link("ready", "/readyz", "whether all of it can serve right now"),
    Link("metrics", "/metrics", "numbers for Prometheus"),
];
const POSTS: Link = Link("posts", "/posts", "a page on top of it: who wrote what");

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    about: &'static str,
    links: Vec<Link>,
    command: Option<String>,
}

/// `GET /`: a page, or the same as JSON for who asks for it by name.
pub async fn show(State(gateway): State<Gateway>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    Parameters::parse(&uri, &[])?;
    let home = HomePage {
        about: ABOUT,
        links: LINKS.into_iter().chain(has_posts(&gateway.catalog).then_some(POSTS)).collect(),
        command: gateway.catalog.category("account").map(|_| first_command(&headers)),
    };
    if accept::names(&headers, "application/json") && !accept::names(&headers, "text/html") {
        return Ok(Json(home.describe()).into_response());
    }
    Ok(page(&home, head(None)))
}

impl HomePage {
    fn describe(&self) -> Value {
        let links: Map<_, _> = self.links.iter().map(|link| (link.0.to_owned(), link.1.into())).collect();
        let version = env!("CARGO_PKG_VERSION");
        json!({ "name": "Annals", "version": version, "about": self.about, "links": links, "try": self.command })
    }
}

/// A command for whoever has just arrived, to the host that they have come to.
fn first_command(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
    format!(
        "curl -i --json '{{\"owner_email\": \"ada@example.com\"}}' \\\n  \
         http://{}/v1/commands/account/$(uuidgen)/open",
        host.unwrap_or("localhost:8080")
    )
}
