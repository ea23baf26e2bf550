//! `GET /v1/streams/{category}/{id}/state`: an aggregate folded from its events, as of now or then.

use annals_core::{
    Category, Position, State as Folding, StreamId, Version,
    index::{IndexBody, IndexQuery},
    log::Log,
};
use axum::{
    Json,
    extract::State,
    http::{Uri, header::ETAG},
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    LogReader,
    reader::{Index, unexpected},
    stream::{self, none},
};
use crate::{
    failure::etag,
    gateway::Gateway,
    headers::ANNALS_POSITION,
    problem::{Code, Problem},
    query::{self, Parameters},
    segments::Segments,
};

/// Events that are asked for at once.
const PAGE_EVENTS: u32 = 500;

/// The point in a stream's history that a client asks for.
#[derive(Debug, Clone, Copy)]
enum When {
    Now,
    Version(Version),
    At(Timestamp),
}

/// An aggregate as it was then.
#[derive(Debug, Serialize)]
struct Snapshot {
    version: Version,
    position: Position,
    state: Value,
}

/// An aggregate on the way there.
struct Folded {
    state: Folding,
    version: Version,
    position: Position,
}

/// The route.
pub async fn get(
    State(gateway): State<Gateway>,
    Segments((category, id)): Segments<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let stream = stream::stream(&gateway, &category, &id)?;
    let parameters = Parameters::parse(&uri, &["version", "at"])?;
    let when = match (parameters.version("version")?, parameters.time("at")?) {
        (Some(_), Some(_)) => return Err(query::invalid("at", "contradicts `version`")),
        (Some(version), None) => When::Version(version),
        (None, Some(time)) => When::At(time),
        (None, None) => When::Now,
    };
    let reader = gateway.log().await?;
    let snapshot = fold(&reader, gateway.category(&category)?, &stream, when).await?;
    let headers = [(ETAG, etag(snapshot.version)), (ANNALS_POSITION, snapshot.position.into())];
    Ok((headers, Json(snapshot)).into_response())
}

async fn fold<L: Log, I: Index>(
    reader: &LogReader<L, I>,
    category: &Category,
    stream: &StreamId,
    when: When,
) -> Result<Snapshot, Problem> {
    let end = reader.end().await?;
    let last = match when {
        When::Now => None,
        When::Version(version) => Some(version),
        When::At(at) => version_at(reader, stream, at, end).await?.or(Some(0)),
    };
    let mut folded = Folded { state: category.blank(), version: 0, position: 0 };
    loop {
        let (after, limit) = (folded.version, PAGE_EVENTS);
        let query = IndexQuery::Stream { stream: stream.clone(), after, since: None, limit };
        let body = reader.ask(query, end).await?.body;
        let IndexBody::Stream { version, addresses, more } = body else { return Err(none(&body, stream)) };
        if last.is_some_and(|last| last == 0 || last > version) {
            return Err(never(stream, when));
        }
        let _turn = reader.turn().await?;
        let mut located = std::pin::pin!(reader.events(&addresses));
        while let Some(event) = located.try_next().await? {
            let (record, position) = (event.record(), event.stored().position);
            let state = category.evolve(folded.state, record)?;
            folded = Folded { state, version: record.version, position };
            if last == Some(record.version) {
                return Ok(folded.show(category));
            }
        }
        if !more || addresses.is_empty() {
            return Ok(folded.show(category));
        }
    }
}

/// The highest version that was recorded at or before a time.
async fn version_at<L: Log, I: Index>(
    reader: &LogReader<L, I>,
    stream: &StreamId,
    at: Timestamp,
    end: Position,
) -> Result<Option<Version>, Problem> {
    let query = IndexQuery::VersionAt { stream: stream.clone(), at };
    match reader.ask(query, end).await?.body {
        IndexBody::Version { version } => Ok(Some(version)),
        IndexBody::NotFound => Ok(None),
        other @ (IndexBody::Addresses { .. }
        | IndexBody::Stream { .. }
        | IndexBody::Streams { .. }
        | IndexBody::Status(_)) => Err(unexpected(&other)),
    }
}

impl Folded {
    fn show(&self, category: &Category) -> Snapshot {
        Snapshot { version: self.version, position: self.position, state: category.show(&self.state) }
    }
}

fn never(stream: &StreamId, when: When) -> Problem {
    let then = match when {
        When::Now => "no version".into(),
        When::Version(version) => format!("no version {version}"),
        When::At(time) => format!("not begun at {time}"),
    };
    Problem::new(Code::NotFound, format!("The stream of {} `{}` has {then}.", stream.category, stream.id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lamp::{self, Happened, at};

    async fn folded(when: When) -> Result<(Version, Position, Value), Code> {
        let reader = lamp::reader(&[
            &[Happened::to(2, 1)],
            &[Happened::to(1, 2)],
            &[Happened::to(2, 1), Happened::to(1, 3)],
        ])
        .await;
        let catalog = lamp::catalog();
        let category = catalog.category("lamp").unwrap();
        let snapshot = fold(&reader, category, &lamp::stream(1), when).await;
        snapshot.map(|it| (it.version, it.position, it.state)).map_err(|problem| problem.code)
    }

    fn state(lit: u32) -> Value {
        json!({ "times_lit": lit })
    }

    #[tokio::test]
    async fn every_version_can_be_visited() {
        assert_eq!(folded(When::Now).await, Ok((5, 3, state(5))));
        assert_eq!(folded(When::Version(1)).await, Ok((1, 2, state(1))));
        assert_eq!(folded(When::Version(2)).await, Ok((2, 2, state(2))));
        assert_eq!(folded(When::Version(3)).await, Ok((3, 3, state(3))));
        assert_eq!(folded(When::Version(5)).await, Ok((5, 3, state(5))));
    }

    #[tokio::test]
    async fn every_moment_can_be_visited() {
        assert_eq!(folded(When::At(at(2))).await, Ok((2, 2, state(2))));
        assert_eq!(folded(When::At(at(100))).await, Ok((5, 3, state(5))));
    }

    #[tokio::test]
    async fn before_the_first_and_beyond_the_last_there_is_nothing() {
        for when in [When::Version(0), When::Version(6), When::Version(u64::MAX), When::At(at(1))] {
            assert_eq!(folded(when).await, Err(Code::NotFound), "{when:?}");
        }
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_is_no_defect() {
        let reader = lamp::reader(&[&[Happened::unreadable(1)]]).await;
        let catalog = lamp::catalog();
        let outcome = fold(&reader, catalog.category("lamp").unwrap(), &lamp::stream(1), When::Now).await;
        assert_eq!(outcome.unwrap_err().code, Code::EventQuarantined);
    }
}
