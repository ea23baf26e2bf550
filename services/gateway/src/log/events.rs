//! `GET /v1/events`: the whole log in order.

use annals_core::{
    Address, Position,
    index::{EventFilter, IndexBody, IndexQuery},
    log::Log,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use serde::Serialize;

use super::{
    Events, LogReader, filter,
    live::LAST_EVENT_ID,
    reader::{Index, unexpected},
};
use crate::{
    gateway::Gateway,
    headers,
    problem::Problem,
    query::{self, Parameters},
};

/// What a client wants to see of the log.
#[derive(Debug, Default)]
struct Wanted {
    after: Address,
    until: Option<Position>,
    limit: u32,
    filter: EventFilter,
}

/// A part of the log.
#[derive(Debug, Serialize)]
struct Page {
    events: Events,
    /// What to ask for `after`.
    next: Address,
    /// Whether there is nothing more that matches.
    end: bool,
}

/// The route.
pub async fn get(State(gateway): State<Gateway>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let known = [&["after", "until", "limit", LAST_EVENT_ID], &filter::NAMES[..]].concat();
    let parameters = Parameters::parse(&uri, &known)?;
    // Of no meaning here, but not just anything.
    parameters.address(LAST_EVENT_ID)?;
    headers::last_event_id(&headers)?;
    let wanted = Wanted {
        after: parameters.address("after")?.unwrap_or_default(),
        until: parameters.number("until")?,
        limit: parameters.limit(100)?,
        filter: filter::read(&gateway.catalog, &parameters)?,
    };
    let reader = gateway.log().await?;
    Ok(Json(page(&reader, wanted).await?).into_response())
}

async fn page<L: Log, I: Index>(reader: &LogReader<L, I>, wanted: Wanted) -> Result<Page, Problem> {
    let Wanted { after, until, limit, filter } = wanted;
    let end = reader.end().await?;
    query::within("after", Some(after.position()), end)?;
    query::within("until", until, end)?;
    let query = IndexQuery::Events { filter, after: after.order(), until, limit };
    let answer = reader.ask(query, end).await?;
    let IndexBody::Addresses { addresses, more } = answer.body else { return Err(unexpected(&answer.body)) };

    let _turn = reader.turn().await?;
    let mut page = Page { events: Events::default(), next: after, end: false };
    let mut located = std::pin::pin!(reader.events(&addresses));
    while let Some(event) = located.try_next().await? {
        if page.events.is_full() {
            return Ok(page);
        }
        page.events.push(&event.view());
        page.next = event.resume_after();
    }
    if !more {
        let looked_at = answer.checkpoint.position.min(until.unwrap_or(Position::MAX));
        page = Page { next: page.next.max(Address::whole(looked_at)), end: true, ..page };
    }
    Ok(page)
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
