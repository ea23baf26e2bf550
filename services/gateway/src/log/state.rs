//! `GET /v1/streams/{category}/{id}/state`: an aggregate folded from its events, as of now or then.

use annals_core::{Category, Position, StreamId, Version};
use annals_nats::{Log, Scope};
use axum::{
    Json,
    extract::State,
    http::{Uri, header::ETAG},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Reader, stream};
use crate::{
    failure::etag,
    gateway::Gateway,
    headers::ANNALS_POSITION,
    problem::{Code, Problem},
    query::{self, Parameters},
    segments::Segments,
};

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

/// The route.
pub async fn get(
    State(gateway): State<Gateway>,
    Segments((category, id)): Segments<(String, String)>,
    uri: Uri,
) -> Result<Response, Problem> {
    let stream = stream::stream(&gateway, &category, &id)?;
    let parameters = Parameters::parse(&uri, &["version", "at"])?;
    let when = match (parameters.number("version")?, parameters.time("at")?) {
        (Some(_), Some(_)) => return Err(query::invalid("at", "contradicts `version`")),
        (Some(version), None) => When::Version(version),
        (None, Some(time)) => When::At(time),
        (None, None) => When::Now,
    };
    let snapshot = fold(&*gateway.log().await?, gateway.category(&category)?, &stream, when).await?;
    let headers = [(ETAG, etag(snapshot.version)), (ANNALS_POSITION, snapshot.position.into())];
    Ok((headers, Json(snapshot)).into_response())
}

async fn fold(
    log: &impl Log,
    category: &Category,
    stream: &StreamId,
    when: When,
) -> Result<Snapshot, Problem> {
    let (mut state, mut version, mut position) = (category.blank(), 0, 0);
    let mut reader = Reader::new(log, Scope::Stream(stream.clone()), 0);
    let mut seen = false;
    'log: while let Some(stored) = reader.next().await? {
        seen = true;
        for record in &stored.commit.events {
            let reached = match when {
                When::Now => false,
                When::Version(last) => record.version > last,
                When::At(time) => stored.commit.recorded_at > time,
            };
            if reached {
                break 'log;
            }
            state = category.evolve(state, record)?;
            (version, position) = (record.version, stored.position);
        }
    }
    let there = match when {
        When::Version(wanted) => version == wanted && version > 0,
        When::Now | When::At(_) => version > 0,
    };
    match (there, seen) {
        (true, _) => Ok(Snapshot { version, position, state: category.show(&state) }),
        (false, true) => Err(never(stream, when)),
        (false, false) => Err(stream::not_found(stream)),
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
    use annals_nats::MemoryLog;
    use serde_json::json;

    use super::*;
    use crate::lamp::{self, Happened, at};

    async fn folded(when: When) -> Result<(Version, Position, Value), Code> {
        let log = MemoryLog::default();
        lamp::record(&log, &[Happened::to(2, 1), Happened::to(1, 2), Happened::to(1, 3)]).await;
        let catalog = lamp::catalog();
        let category = catalog.category("lamp").unwrap();
        let snapshot = fold(&log, category, &lamp::stream(1), when).await;
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
        let log = MemoryLog::default();
        lamp::record(&log, &[Happened::unreadable(1)]).await;
        let catalog = lamp::catalog();
        let outcome = fold(&log, catalog.category("lamp").unwrap(), &lamp::stream(1), When::Now).await;
        assert_eq!(outcome.unwrap_err().code, Code::EventQuarantined);
    }
}
