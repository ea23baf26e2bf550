//! `GET /v1/streams/{category}/{id}`: what happened to one aggregate.

use annals_core::{
    StreamId, Version,
    index::{IndexBody, IndexQuery},
    log::Log,
};
use axum::{
    Json,
    extract::State,
    http::Uri,
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Events, LogReader,
    reader::{Index, unexpected},
};
use crate::{
    gateway::Gateway,
    problem::{Code, Problem},
    query::Parameters,
    segments::{self, Segments},
};

/// What a client wants to see of a stream.
#[derive(Debug)]
struct Wanted {
    after: Version,
    since: Option<Timestamp>,
    limit: u32,
}

/// A part of a stream.
#[derive(Debug, Serialize)]
struct Page {
    events: Events,
    /// The stream's, not the last shown event's.
    version: Version,
    /// What to ask for `after`, if there is more.
    next: Option<Version>,
}

/// The route.
pub async fn get(
    State(gateway): State<Gateway>,
    Segments((category, id)): Segments<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let stream = stream(&gateway, &category, &id)?;
    let parameters = Parameters::parse(&uri, &["after", "limit", "since"])?;
    let wanted = Wanted {
        after: parameters.version("after")?.unwrap_or(0),
        since: parameters.time("since")?,
        limit: parameters.limit(100)?,
    };
    let reader = gateway.log().await?;
    Ok(Json(page(&reader, stream, &wanted).await?).into_response())
}

/// The stream that a path names.
pub fn stream(gateway: &Gateway, category: &str, id: &str) -> Result<StreamId, Problem> {
    Ok(StreamId::new(gateway.category(category)?.name, segments::id(id)?))
}

/// A stream that has no events does not exist.
pub fn not_found(stream: &StreamId) -> Problem {
    Problem::new(Code::NotFound, format!("Nothing has happened to {} `{}`.", stream.category, stream.id))
}

async fn page<L: Log, I: Index>(
    reader: &LogReader<L, I>,
    stream: StreamId,
    wanted: &Wanted,
) -> Result<Page, Problem> {
    let Wanted { after, since, limit } = *wanted;
    let query = IndexQuery::Stream { stream: stream.clone(), after, since, limit };
    let body = reader.ask(query, reader.end().await?).await?.body;
    let IndexBody::Stream { version, addresses, more } = body else { return Err(none(&body, &stream)) };
    let _turn = reader.turn().await?;
    let mut page = Page { events: Events::default(), version, next: None };
    let mut last = after;
    let mut located = std::pin::pin!(reader.events(&addresses));
    while let Some(event) = located.try_next().await? {
        if page.events.is_full() {
            return Ok(Page { next: Some(last), ..page });
        }
        page.events.push(&event.view());
        last = event.record().version;
    }
    Ok(Page { next: more.then_some(last), ..page })
}

/// Why the index shows no events of a stream.
pub fn none(body: &IndexBody, stream: &StreamId) -> Problem {
    if matches!(body, IndexBody::NotFound) { not_found(stream) } else { unexpected(body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lamp::{self, Happened, at};

    async fn shown(wanted: Wanted) -> (Vec<Version>, Version, Option<Version>) {
        let reader = lamp::reader(&[&[Happened::to(1, 2)], &[Happened::to(2, 1), Happened::to(1, 3)]]).await;
        let page = serde_json::to_value(page(&reader, lamp::stream(1), &wanted).await.unwrap()).unwrap();
        let events = page["events"].as_array().unwrap().iter();
        let shown = events.map(|event| event["version"].as_u64().unwrap()).collect();
        (shown, page["version"].as_u64().unwrap(), page["next"].as_u64())
    }

    #[tokio::test]
    async fn a_stream_is_shown_oldest_first_and_may_be_cut_inside_a_commit() {
        let everything = Wanted { after: 0, since: None, limit: 5 };
        assert_eq!(shown(everything).await, (vec![1, 2, 3, 4, 5], 5, None));
        let middle = Wanted { after: 1, since: None, limit: 3 };
        assert_eq!(shown(middle).await, (vec![2, 3, 4], 5, Some(4)));
        let end = Wanted { after: 4, since: None, limit: 3 };
        assert_eq!(shown(end).await, (vec![5], 5, None));
        let beyond = Wanted { after: u64::MAX, since: None, limit: 3 };
        assert_eq!(shown(beyond).await, (vec![], 5, None));
    }

    #[tokio::test]
    async fn a_page_ends_when_it_is_large() {
        let often = || [Happened::to(1, 700)];
        let reader = lamp::reader(&[&often(), &often(), &often()]).await;
        let everything = Wanted { after: 0, since: None, limit: u32::MAX };
        let page = page(&reader, lamp::stream(1), &everything).await.unwrap();
        let next = page.next.unwrap();
        assert!((700..1400).contains(&next), "{next}");
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!((text.matches("LampLit").count() as u64, page.version), (next, 2100));
        assert!((512 * 1024..514 * 1024).contains(&text.len()), "{}", text.len());
    }

    #[tokio::test]
    async fn since_is_strictly_after() {
        let since = |time| Wanted { after: 0, since: Some(time), limit: 100 };
        assert_eq!(shown(since(at(0))).await.0, [1, 2, 3, 4, 5]);
        assert_eq!(shown(since(at(1))).await.0, [3, 4, 5]);
        assert_eq!(shown(since(at(3))).await, (vec![], 5, None));
    }

    #[tokio::test]
    async fn a_stream_without_events_is_not_there() {
        let wanted = Wanted { after: 0, since: None, limit: 1 };
        let problem = page(&lamp::reader(&[]).await, lamp::stream(1), &wanted).await.unwrap_err();
        assert_eq!(problem.code, Code::NotFound);
    }
}
