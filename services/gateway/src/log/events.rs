//! `GET /v1/events`: the whole log in order.

use annals_core::Position;
use annals_nats::Log;
use axum::{
    Json,
    extract::State,
    http::Uri,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{Events, Reader, filter::Filter};
use crate::{gateway::Gateway, problem::Problem, query::Parameters};

/// Commits that one request looks at, at most: filters may hide all of them.
const LOOKED_AT: usize = 10_000;

/// What a client wants to see of the log.
#[derive(Debug, Default)]
struct Wanted {
    after: Position,
    until: Option<Position>,
    limit: u32,
    filter: Filter,
}

/// A part of the log.
#[derive(Debug, Serialize)]
struct Page {
    events: Events,
    /// What to ask for `after`: the position last looked at.
    next: Position,
}

/// The route.
pub async fn get(State(gateway): State<Gateway>, uri: Uri) -> Result<Response, Problem> {
    let known = ["after", "until", "limit", "type", "category", "correlation_id"];
    let parameters = Parameters::parse(&uri, &known)?;
    let wanted = Wanted {
        after: parameters.position("after")?.unwrap_or(0),
        until: parameters.position("until")?,
        limit: parameters.limit(100)?,
        filter: Filter::read(&gateway, &parameters)?,
    };
    Ok(Json(page(&*gateway.log().await?, &wanted).await?).into_response())
}

async fn page(log: &impl Log, wanted: &Wanted) -> Result<Page, Problem> {
    let until = wanted.until.unwrap_or(Position::MAX);
    let mut reader = Reader::new(log, wanted.filter.scope(), wanted.after);
    let (mut events, mut looked_at) = (Events::default(), 0);
    while looked_at < LOOKED_AT && !events.are_enough(wanted.limit) && reader.reached < until {
        let Some(stored) = reader.next().await? else { break };
        if stored.position <= until {
            wanted.filter.pick(&stored).iter().for_each(|event| events.push(event));
        }
        looked_at += 1;
    }
    Ok(Page { events, next: reader.reached.min(until).max(wanted.after) })
}

#[cfg(test)]
mod tests {
    use annals_nats::MemoryLog;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::lamp::{self, Happened};

    async fn log() -> MemoryLog {
        let log = MemoryLog::default();
        lamp::record(&log, &[Happened::to(1, 2), Happened::to(2, 1), Happened::to(1, 3), Happened::to(3, 1)])
            .await;
        log
    }

    async fn shown(wanted: Wanted) -> (Vec<(Position, u64)>, Position) {
        let page = serde_json::to_value(page(&log().await, &wanted).await.unwrap()).unwrap();
        let events = page["events"].as_array().unwrap().iter();
        let number = |value: &Value| value.as_u64().unwrap();
        let places = events.map(|event| (number(&event["position"]), number(&event["version"])));
        (places.collect(), number(&page["next"]))
    }

    #[tokio::test]
    async fn a_page_ends_with_a_whole_commit() {
        let first = Wanted { limit: 1, ..Wanted::default() };
        assert_eq!(shown(first).await, (vec![(1, 1), (1, 2)], 1));
        let next = Wanted { after: 1, limit: 2, ..Wanted::default() };
        assert_eq!(shown(next).await, (vec![(2, 1), (3, 3), (3, 4), (3, 5)], 3));
        let last = Wanted { after: 3, limit: 1, ..Wanted::default() };
        assert_eq!(shown(last).await, (vec![(4, 1)], 4));
    }

    #[tokio::test]
    async fn a_page_ends_when_it_is_large_and_finishes_its_commit() {
        let log = MemoryLog::default();
        lamp::record(&log, &[1, 2, 3, 4].map(|lamp| Happened::to(lamp, 700))).await;
        let page = page(&log, &Wanted { limit: u32::MAX, ..Wanted::default() }).await.unwrap();
        assert_eq!(page.next, 2);
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!(text.matches("LampLit").count(), 1400);
        assert!((512 * 1024..1024 * 1024).contains(&text.len()), "{}", text.len());
    }

    #[tokio::test]
    async fn the_end_is_never_hidden_by_a_filter() {
        let types = Some(vec!["LampSold".to_owned()]);
        let category = Some("candle".to_owned());
        let correlation_id = Some(Uuid::nil());
        for filter in [
            Filter { types, ..Filter::default() },
            Filter { category, ..Filter::default() },
            Filter { correlation_id, ..Filter::default() },
        ] {
            assert_eq!(shown(Wanted { limit: 100, filter, ..Wanted::default() }).await, (vec![], 4));
        }
    }

    #[tokio::test]
    async fn filters_let_through_what_they_name() {
        let types = Some(vec!["LampSold".to_owned(), "LampLit".to_owned()]);
        let filter = Filter { types, ..Filter::default() };
        assert_eq!(shown(Wanted { limit: 100, filter, ..Wanted::default() }).await.0.len(), 7);
        let filter = Filter { correlation_id: Some(lamp::correlation_id(2)), ..Filter::default() };
        let related = Wanted { limit: 100, filter, ..Wanted::default() };
        assert_eq!(shown(related).await, (vec![(2, 1)], 4));
    }

    #[tokio::test]
    async fn until_is_inclusive() {
        let until = |after, until| Wanted { after, until: Some(until), limit: 100, ..Wanted::default() };
        assert_eq!(shown(until(0, 2)).await, (vec![(1, 1), (1, 2), (2, 1)], 2));
        assert_eq!(shown(until(1, 100)).await.1, 4);
        assert_eq!(shown(until(3, 2)).await, (vec![], 3));
        assert_eq!(shown(until(0, 0)).await, (vec![], 0));
    }

    #[tokio::test]
    async fn beyond_the_end_there_is_nothing_yet() {
        let beyond = Wanted { after: u64::MAX - 1, limit: 100, ..Wanted::default() };
        assert_eq!(shown(beyond).await, (vec![], u64::MAX - 1));
    }
}
