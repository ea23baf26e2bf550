//! Pages for people: plain HTML that works without a script. What goes wrong is told there in words,
//! under the status that the API would answer.

mod docs;
mod form;
mod home;
mod posts;
pub mod problems;
mod timeline;

use crate::{accept, gateway::Gateway, problem::Problem};
use annals_core::Catalog;
use askama::Template;
use axum::{
    Router,
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
        response,
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};

/// The routes of pages, apart: readers must not keep commands out.
pub struct Pages {
    pub reads: Router<Gateway>,
    pub commands: Router<Gateway>,
}

/// The pages of this gateway. What shows posts is there if they are.
pub fn of(catalog: &Catalog) -> Pages {
    let always = docs::routes()
        .route("/", get(home::show))
        .route("/problems/{code}", get(problems::show))
        .route("/page.css", get(async || asset("text/css", include_str!("../../assets/page.css"))));
    if !has_posts(catalog) {
        return Pages { reads: always, commands: Router::new() };
    }
    let script = async || asset("text/javascript", include_str!("../../assets/live.js"));
    Pages {
        reads: always.route("/posts", get(posts::show)).route("/posts/live.js", get(script)),
        commands: Router::new()
            .route("/posts", post(posts::publish))
            .route("/posts/{id}/delete", post(posts::delete)),
    }
}

/// Whether there is what the page of posts shows.
pub fn has_posts(catalog: &Catalog) -> bool {
    catalog.category(posts::CATEGORY).is_some() && catalog.projection(timeline::VIEW).is_some()
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, format!("{kind}; charset=utf-8"))], text)
}

/// Nothing but what the gateway itself serves; scripts and styles in the page itself are ignored, so
/// that even what escaped its escaping would do nothing.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// With no referrer at all, browsers would not say either on whose page a form was.
const HEADERS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CONTENT_SECURITY_POLICY, POLICY),
    (REFERRER_POLICY, "same-origin"),
];

/// A page, under the head that it already has.
fn page(template: &impl Template, mut head: response::Parts) -> Response {
    let html = template.render().expect("the templates write to memory, and ask for nothing that can fail");
    head.headers.remove(CONTENT_LENGTH);
    head.headers.extend(HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Response::from_parts(head, Body::from(html))
}

/// On an answer: what went wrong has been told to a person.
#[derive(Clone)]
struct Told;

/// The head of an answer about what went wrong, or of one about what did not.
fn head(problem: Option<&Problem>) -> response::Parts {
    let Some(problem) = problem else { return ().into_response().into_parts().0 };
    let mut head = problem.clone().into_response().into_parts().0;
    head.extensions.insert(Told);
    head
}

/// Whether an answer tells by itself what went wrong.
pub fn is_told(head: &mut response::Parts) -> bool {
    head.extensions.remove::<Told>().is_some()
}

/// Whether what goes wrong on this route, before or after its handler, is to be told to a person.
pub fn is_wanted(route: &str, headers: &HeaderMap) -> bool {
    let is_page = route == "/" || route.starts_with("/posts") || route.starts_with("/problems");
    is_page && accept::names(headers, "text/html")
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'static str,
    code: &'static str,
    detail: &'a str,
    back: &'static str,
}

/// A page that says what went wrong on a route, and leads back.
pub fn tell(problem: &Problem, head: response::Parts, route: &str) -> Response {
    let (title, code) = (problem.code.title(), problem.code.name());
    let back = if route.starts_with("/posts") { "/posts" } else { "/" };
    page(&ProblemPage { title, code, detail: &problem.detail, back }, head)
}

/// A failure that the page of posts tells.
struct Failed(Problem);

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tell(&self.0, head(Some(&self.0)), "/posts")
    }
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
