//! `GET /v1/streams/{category}`: the streams of a category, newest activity first.

use annals_core::{
    index::{IndexBody, IndexQuery, StreamRow},
    log::Log,
};
use axum::{Json, extract::State, http::Uri};
use serde::Serialize;

use super::{
    LogReader,
    reader::{Index, unexpected},
};
use crate::{gateway::Gateway, problem::Problem, query::Parameters, segments::Segments};

/// Some streams.
#[derive(Debug, Serialize)]
pub struct Page {
    streams: Vec<StreamRow>,
    /// How many the category has.
    count: u64,
    /// What to ask for as `cursor`, if there are more.
    next: Option<String>,
}

/// The route.
pub async fn get(
    State(gateway): State<Gateway>,
    Segments(category): Segments<String>,
    uri: Uri,
) -> Result<Json<Page>, Problem> {
    let category = gateway.category(&category)?.name.to_owned();
    let parameters = Parameters::parse(&uri, &["limit", "cursor"])?;
    let cursor = parameters.text("cursor").map(Into::into);
    let query = IndexQuery::Streams { category, limit: parameters.limit(50)?, cursor };
    page(&gateway.log().await?, query).await.map(Json)
}

async fn page<L: Log, I: Index>(reader: &LogReader<L, I>, query: IndexQuery) -> Result<Page, Problem> {
    let body = reader.ask(query, reader.end().await?).await?.body;
    let IndexBody::Streams { count, rows, next } = body else { return Err(unexpected(&body)) };
    Ok(Page { streams: rows, count, next })
}
