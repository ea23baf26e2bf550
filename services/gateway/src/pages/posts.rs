//! The page of posts: what was published, a form to publish more, and a button to delete each.

use annals_core::bus::Accepted;
use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use super::{
    Failed,
    form::Form,
    head, page,
    timeline::{self, Place, Timeline},
};
use crate::{body, commands, gateway::Gateway, problem::Problem, query::Parameters, segments::Segments};

/// The category of what is published.
pub const CATEGORY: &str = "post";

#[derive(Template)]
#[template(path = "posts.html")]
struct PostsPage<'a> {
    form: Form,
    timeline: Result<&'a Timeline, &'a Problem>,
    /// Whether posts appear by themselves.
    live: bool,
}

/// `GET /posts`
pub async fn show(State(gateway): State<Gateway>, headers: HeaderMap, uri: Uri) -> Result<Response, Failed> {
    let place = Place::read(&uri)?;
    let live = place.is_newest();
    let timeline = timeline::ask(&gateway, place, &headers).await;
    let head = head(timeline.as_ref().err());
    Ok(page(&PostsPage { form: Form::blank(), timeline: timeline.as_ref(), live }, head))
}

/// `POST /posts`
pub async fn publish(State(gateway): State<Gateway>, request: Request) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    Parameters::parse(&parts.uri, &[])?;
    let mut sent = body::read_form(&parts.headers, body, gateway.limits.body).await?;
    let key = Form::take_key(&mut sent)?;
    let given = commands::by_form(&gateway, &parts.headers, Form::command(&sent), key.clone()).await;
    Ok(match given {
        Ok(accepted) => shown_at(&accepted),
        Err(problem) => {
            let timeline = timeline::ask(&gateway, Place::default(), &parts.headers).await;
            let form = Form::again(&sent, key, &problem);
            page(&PostsPage { form, timeline: timeline.as_ref(), live: true }, head(Some(&problem)))
        }
    })
}

/// `POST /posts/{id}/delete`
pub async fn delete(
    State(gateway): State<Gateway>,
    segments: Result<Segments<String>, Problem>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Failed> {
    let Segments(id) = segments?;
    Parameters::parse(&uri, &[])?;
    let command = json!({ "command": format!("{CATEGORY}.delete"), "id": id });
    let accepted = commands::by_form(&gateway, &headers, command, None).await?;
    Ok(shown_at(&accepted))
}

/// Leads to the page as it is once the command shows there.
fn shown_at(accepted: &Accepted) -> Response {
    Redirect::to(&format!("/posts?position={}", accepted.position)).into_response()
}
