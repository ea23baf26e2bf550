//! `GET /v1/events` with `Accept: text/event-stream`: the log as it goes on, event by event.

mod follower;
mod tail;
mod telling;

use std::{convert::Infallible, sync::Arc};

use annals_core::Position;
use annals_nats::{Log, Page, Scope};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response, Sse},
};
use futures_util::{StreamExt, stream};
use metrics::{counter, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use self::{
    follower::{Follower, Source},
    tail::{Pages, Stretch},
    telling::Telling,
};
use super::filter::Filter;
use crate::{
    accept,
    gateway::Gateway,
    headers,
    problem::{Code, Problem},
    query::Parameters,
};

/// What a client accepts that wants to follow the log.
const KIND: &str = "text/event-stream";

/// Whether this is the log, followed.
pub fn is_answer(answer: &Response) -> bool {
    answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == KIND)
}

/// What all followers share.
#[derive(Debug, Clone)]
pub struct Live {
    places: Arc<Semaphore>,
    newest: watch::Sender<Arc<Stretch>>,
    closing: CancellationToken,
}

impl Live {
    /// Takes so many followers, until it is closing.
    pub fn new(followers: usize, closing: CancellationToken) -> Self {
        let newest = watch::Sender::default();
        Self { places: Arc::new(Semaphore::new(followers)), newest, closing }
    }
}

/// Reads what is new for those who follow, until the gateway is to stop.
pub async fn keep(gateway: Gateway) {
    let Live { newest, closing, .. } = gateway.live.clone();
    closing.run_until_cancelled(tail::keep(gateway, newest)).await;
}

/// Answers in the place of the page, if that is what the client asks for. Followers stay for long, so
/// they take no place of those who come and go.
pub async fn instead(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !accept::prefers(request.headers(), KIND) {
        return Ok(next.run(request).await);
    }
    let (head, _) = request.into_parts();
    follow(gateway, &head.headers, &head.uri).await
}

async fn follow(gateway: Gateway, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    let known = ["after", "until", "type", "category", "correlation_id"];
    let parameters = Parameters::parse(uri, &known)?;
    let after = parameters.position("after")?.unwrap_or(0);
    let after = headers::last_event_id(headers)?.unwrap_or(after);
    let until = parameters.position("until")?.unwrap_or(Position::MAX);
    let telling = Telling::new(Filter::read(&gateway, &parameters)?, after, until);
    if telling.is_over() {
        // An `EventSource` comes back after every end, but for this.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let Live { places, newest, closing } = gateway.live.clone();
    let place = Place::take(places)?;
    let silence = gateway.limits.silence;
    let source = Source::new(gateway, newest.subscribe());
    let (first, follower) = Follower::begin(telling, source, silence, closing).await?;
    let rest = stream::unfold((follower, place), async |(mut follower, place)| {
        let told = follower.next().await?;
        Some((stream::iter(told), (follower, place)))
    });
    let all = stream::iter(first).chain(rest.flatten());
    Ok(Sse::new(all.map(Ok::<_, Infallible>)).into_response())
}

/// One of the followers that may be there at once.
struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Place {
    fn take(places: Arc<Semaphore>) -> Result<Self, Problem> {
        let Ok(permit) = places.try_acquire_owned() else {
            counter!("annals_http_requests_shed_total").increment(1);
            return Err(Problem::new(Code::Unavailable, "Too many follow the log right now.").quietly());
        };
        gauge!("annals_http_followers").increment(1);
        Ok(Self { _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        gauge!("annals_http_followers").decrement(1);
    }
}

impl Pages for Gateway {
    async fn page(&self, scope: &Scope, after: Position, most: usize) -> Result<Page, Problem> {
        Ok(self.log().await?.read(scope, after, most).await?)
    }

    async fn end(&self) -> Result<Position, Problem> {
        Ok(self.log().await?.last(&Scope::All).await?)
    }
}
