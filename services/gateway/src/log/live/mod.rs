//! `GET /v1/events` with `Accept: text/event-stream`: the log as it goes on, event by event.

mod cursor;
mod subscription;

use std::{convert::Infallible, sync::Arc};

use annals_core::{Address, Position, log::Log};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response, Sse},
};
use futures_util::{StreamExt, stream};
use metrics::{counter, gauge};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::{cursor::Cursor, subscription::Subscription};
use super::{
    filter,
    reader::{Index, LogReader},
};
use crate::{
    accept,
    gateway::Gateway,
    headers,
    problem::{Code, Problem},
    query::{self, Parameters},
};

/// What a client accepts that wants to follow the log.
const KIND: &str = "text/event-stream";

/// The parameter of clients that cannot send the header `Last-Event-ID`.
pub const LAST_EVENT_ID: &str = "lastEventId";

/// Whether this is the log, followed.
pub fn is_answer(answer: &Response) -> bool {
    answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == KIND)
}

/// What all subscriptions share.
#[derive(Debug, Clone)]
pub struct Live {
    slots: Arc<Semaphore>,
    closing: CancellationToken,
}

impl Live {
    /// Takes so many subscriptions, until it is closing.
    pub fn new(max_subscriptions: usize, closing: CancellationToken) -> Self {
        Self { slots: Arc::new(Semaphore::new(max_subscriptions)), closing }
    }
}

/// Answers in the place of the page, if that is what the client asks for. Subscriptions stay for long, so they are not
/// counted with the requests that come and go.
pub async fn negotiate(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !accept::prefers(request.headers(), KIND) {
        return Ok(next.run(request).await);
    }
    let (head, _) = request.into_parts();
    subscribe(gateway, &head.headers, &head.uri).await
}

async fn subscribe(gateway: Gateway, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
    let known = [&["after", "until", LAST_EVENT_ID], &filter::NAMES[..]].concat();
    let parameters = Parameters::parse(uri, &known)?;
    let wanted = Wanted {
        after: parameters.address("after")?,
        last_event_id_parameter: parameters.address(LAST_EVENT_ID)?,
        last_event_id: headers::last_event_id(headers)?,
        until: parameters.number("until")?,
    };
    let filter = filter::read(&gateway.catalog, &parameters)?;
    let Live { slots, closing } = gateway.live.clone();
    let slot = Slot::take(slots)?;
    let reader = gateway.log().await?;
    let (after, end) = wanted.begin(&reader).await?;
    let cursor = Cursor::new(filter, after, wanted.until);
    if cursor.is_over() {
        // An `EventSource` comes back after every end, but for this.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let silence = gateway.limits.silence;
    let (first, subscription) = Subscription::begin(reader, cursor, end, silence, closing).await?;
    let rest = stream::unfold((subscription, slot), async |(mut subscription, slot)| {
        let events = subscription.next().await?;
        Some((stream::iter(events), (subscription, slot)))
    });
    let all = stream::iter(first).chain(rest.flatten());
    Ok(Sse::new(all.map(Ok::<_, Infallible>)).into_response())
}

/// From where to where a client wants the log.
#[derive(Debug, Default)]
struct Wanted {
    after: Option<Address>,
    last_event_id_parameter: Option<Address>,
    last_event_id: Option<Address>,
    until: Option<Position>,
}

impl Wanted {
    /// Where to begin, and where the log ends.
    async fn begin<L: Log, I: Index>(
        &self,
        reader: &LogReader<L, I>,
    ) -> Result<(Address, Position), Problem> {
        let end = reader.end().await?;
        query::within("after", self.after.map(Address::position), end)?;
        query::within(LAST_EVENT_ID, self.last_event_id_parameter.map(Address::position), end)?;
        headers::within_last_event_id(self.last_event_id, end)?;
        query::within("until", self.until, end)?;
        let after = self.last_event_id.or(self.last_event_id_parameter).or(self.after);
        Ok((after.unwrap_or_default(), end))
    }
}

/// One of the subscriptions that may be there at once.
struct Slot {
    _permit: OwnedSemaphorePermit,
}

impl Slot {
    fn take(slots: Arc<Semaphore>) -> Result<Self, Problem> {
        let Ok(permit) = slots.try_acquire_owned() else {
            counter!("annals_http_requests_shed_total").increment(1);
            return Err(
                Problem::new(Code::Unavailable, "Too many clients follow the log right now.").quietly()
            );
        };
        gauge!("annals_http_followers").increment(1);
        Ok(Self { _permit: permit })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        gauge!("annals_http_followers").decrement(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lamp::{self, Happened};

    async fn begin(wanted: Wanted) -> Result<String, Code> {
        let reader = lamp::reader(&[&[Happened::to(1, 2)], &[Happened::to(1, 1)]]).await;
        let begun = wanted.begin(&reader).await;
        begun.map(|(after, _)| after.to_string()).map_err(|problem| problem.code)
    }

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn the_last_event_id_is_stronger_than_after_and_the_header_than_the_parameter() {
        let after = || Wanted { after: Some(at("2")), ..Wanted::default() };
        assert_eq!(begin(Wanted::default()).await.unwrap(), "0");
        assert_eq!(begin(after()).await.unwrap(), "2");
        let parameter = || Wanted { last_event_id_parameter: Some(at("1.1")), ..after() };
        assert_eq!(begin(parameter()).await.unwrap(), "1.1");
        assert_eq!(begin(Wanted { last_event_id: Some(at("1")), ..parameter() }).await.unwrap(), "1");
    }

    #[tokio::test]
    async fn what_is_beyond_the_end_is_refused() {
        let beyond = |code, wanted| async move { assert_eq!(begin(wanted).await, Err(code)) };
        beyond(Code::InvalidQuery, Wanted { after: Some(at("3")), ..Wanted::default() }).await;
        beyond(Code::InvalidQuery, Wanted { until: Some(3), ..Wanted::default() }).await;
        beyond(Code::InvalidQuery, Wanted { last_event_id_parameter: Some(at("3.0")), ..Wanted::default() })
            .await;
        beyond(Code::InvalidHeader, Wanted { last_event_id: Some(at("3")), ..Wanted::default() }).await;
    }
}
