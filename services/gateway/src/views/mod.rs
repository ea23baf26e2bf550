//! Views: asked over the bus, and passed on as the projector answers.

pub mod list;

use annals_core::{
    Kind, Projection,
    bus::{Query, ViewAnswer, ViewRequest},
};
use axum::{
    extract::State,
    http::{
        HeaderMap, HeaderValue, Uri,
        header::{CONTENT_TYPE, LINK},
    },
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::{
    gateway::Gateway,
    headers::{self, ANNALS_POSITION},
    problem::{Code, Problem},
    query::Parameters,
    segments::Segments,
};

/// Parameters that are not filters.
const PAGING: [&str; 2] = ["limit", "cursor"];

/// `GET /v1/views/{view}`
pub async fn rows(
    State(gateway): State<Gateway>,
    Segments(view): Segments<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let projection = gateway.view(&view)?;
    let known = [projection.shows.filters, &PAGING].concat();
    let parameters = Parameters::parse(&uri, &known)?;
    let filters = parameters.except(&PAGING);
    let query = Query::Rows {
        filters: filters.map(|(name, value)| (name.into(), spelt(projection, name, value))).collect(),
        limit: parameters.limit(50)?,
        cursor: parameters.text("cursor").map(Into::into),
    };
    let answer = ask(&gateway, projection, query, &headers).await?;
    let next = next_page(&uri, &parameters, &answer);
    let mut response = show(answer);
    if let Some(link) = next {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// `GET /v1/views/{view}/{key}`
pub async fn row(
    State(gateway): State<Gateway>,
    Segments((view, key)): Segments<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let projection = gateway.view(&view)?;
    Parameters::parse(&uri, &[])?;
    let query = Query::Row { key: split(projection, &key)? };
    let answer = ask(&gateway, projection, query, &headers).await;
    Ok(show(answer.map_err(no_such_row)?))
}

/// Here it is the path that the projector did not understand: such a key names no row.
fn no_such_row(problem: Problem) -> Problem {
    if problem.code == Code::InvalidQuery { Problem::new(Code::NotFound, problem.detail) } else { problem }
}

/// The values of the key's columns. The last one takes what is left, so a text may hold a colon.
fn split(projection: &Projection, key: &str) -> Result<Vec<String>, Problem> {
    let columns = projection.shows.key;
    let values: Vec<_> = key.splitn(columns.len(), ':').collect();
    if values.len() < columns.len() {
        let detail = format!("A row of `{}` is named `{}`.", projection.view, columns.join(":"));
        return Err(Problem::new(Code::NotFound, detail));
    }
    Ok(columns.iter().zip(values).map(|(column, value)| spelt(projection, column, value)).collect())
}

/// Ids are kept in lower case, and may be given in either.
fn spelt(projection: &Projection, column: &str, value: &str) -> String {
    match projection.shows.column(column).map(|column| column.kind) {
        Some(Kind::Id) => value.to_ascii_lowercase(),
        Some(Kind::Text | Kind::Integer | Kind::Time | Kind::Date) | None => value.to_owned(),
    }
}

async fn ask(
    gateway: &Gateway,
    projection: &Projection,
    query: Query,
    headers: &HeaderMap,
) -> Result<ViewAnswer, Problem> {
    let min_position = headers::min_position(headers)?;
    let request = ViewRequest { query, min_position, wait_ms: headers::wait_ms(headers) };
    Ok(gateway.bus()?.view(projection.view, &request).await?)
}

fn show(answer: ViewAnswer) -> Response {
    let json = HeaderValue::from_static("application/json");
    let headers = [(CONTENT_TYPE, json), (ANNALS_POSITION, answer.position.into())];
    let body: Box<str> = answer.body.into();
    (headers, String::from(body)).into_response()
}

/// The address of the page after this one, as a `Link`.
fn next_page(uri: &Uri, parameters: &Parameters, answer: &ViewAnswer) -> Option<HeaderValue> {
    #[derive(Deserialize)]
    struct Next {
        next: Option<String>,
    }
    let Next { next } = serde_json::from_str(answer.body.get()).ok()?;
    let next = next?;
    let same = parameters.except(&["cursor"]).chain([("cursor", next.as_str())]);
    let encoded: Vec<_> = same.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    format!("<{}?{}>; rel=\"next\"", uri.path(), encoded.join("&")).parse().ok()
}

fn encode(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::lamp;

    fn link(body: &str) -> Option<HeaderValue> {
        let uri: Uri = "/v1/views/lamps?room=a%26b&limit=2&cursor=x".parse().unwrap();
        let parameters = Parameters::parse(&uri, &["room", "limit", "cursor"]).unwrap();
        let body = RawValue::from_string(body.into()).unwrap();
        next_page(&uri, &parameters, &ViewAnswer { position: 1, body })
    }

    #[test]
    fn the_next_page_is_linked_with_the_same_filters() {
        let there = link(r#"{"rows":[{"a":1}],"next":"y=="}"#).unwrap();
        assert_eq!(there, "</v1/views/lamps?room=a%26b&limit=2&cursor=y%3D%3D>; rel=\"next\"");
        assert_eq!(link(r#"{"rows":[],"next":null}"#), None);
    }

    #[test]
    fn a_key_has_a_part_for_each_column() {
        let catalog = lamp::catalog();
        let split = |key| split(catalog.projection("lamps").unwrap(), key).map_err(|problem| problem.code);
        assert_eq!(split("AB:Kitchen:left"), Ok(vec!["ab".into(), "Kitchen:left".into()]));
        assert_eq!(split("ab"), Err(Code::NotFound));
    }
}
