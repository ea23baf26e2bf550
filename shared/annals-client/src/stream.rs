//! What happened to one aggregate, and what it was like.

use annals_core::{EventView, Position, Version};
use futures_util::{
    TryStreamExt,
    stream::{BoxStream, iter},
};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{Client, Error, pages::pages};

/// The events of one aggregate, oldest first.
///
/// ```no_run
/// # use annals_client::{Client, When};
/// use annals_domains::account::{Account, Event};
/// use futures_util::TryStreamExt;
///
/// # async fn look(annals: Client, id: uuid::Uuid) -> Result<(), Box<dyn std::error::Error>> {
/// let mut events = annals.stream("account", id).events();
/// while let Some(event) = events.try_next().await? {
///     if let Event::MoneyDeposited { amount, .. } = event.read::<Account>()? {
///         println!("{} came in at {}", amount, event.recorded_at);
///     }
/// }
/// let then = annals.stream("account", id).state::<serde_json::Value>(When::Version(2)).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is asked yet"]
pub struct AggregateStream {
    client: Client,
    category: String,
    id: Uuid,
    after: Version,
    since: Option<Timestamp>,
    limit: Option<u32>,
}

/// Events that were shown together.
#[derive(Debug, Clone, Deserialize)]
pub struct StreamPage {
    /// The events.
    pub events: Vec<EventView>,
    /// The stream's version, which may be beyond these events.
    pub version: Version,
    /// What to go on after, if there is more: for [`AggregateStream::after`].
    pub next: Option<Version>,
}

/// A point in the history of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// As it is.
    Now,
    /// As it was at this version.
    Version(Version),
    /// As it was at this time.
    At(Timestamp),
}

/// An aggregate as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct State<T> {
    /// Its version then.
    pub version: Version,
    /// Where in the log it came to that version.
    pub position: Position,
    /// What it was like.
    pub state: T,
}

impl AggregateStream {
    pub(crate) fn new(client: Client, category: &str, id: Uuid) -> Self {
        Self { client, category: category.to_owned(), id, after: 0, since: None, limit: None }
    }

    /// Only events beyond this version.
    pub fn after(self, version: Version) -> Self {
        Self { after: version, ..self }
    }

    /// Only events that were recorded strictly after this time.
    pub fn since(self, time: Timestamp) -> Self {
        Self { since: Some(time), ..self }
    }

    /// At most so many events on a page: 1 to 500, and 100 unless said.
    pub fn limit(self, events: u32) -> Self {
        Self { limit: Some(events), ..self }
    }

    /// One page; none if nothing ever happened to the aggregate.
    ///
    /// # Errors
    /// When the gateway does not say.
    pub async fn page(&self) -> Result<Option<StreamPage>, Error> {
        let mut query = vec![("after", self.after.to_string())];
        query.extend(self.since.map(|since| ("since", since.to_string())));
        query.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        let page: Option<StreamPage> = self.ask(self.request(&[]).query(&query)).await?;
        self.client.saw_events(page.iter().flat_map(|page| &page.events));
        Ok(page)
    }

    /// All events, fetched page by page. The stream ends with the first error.
    #[must_use = "nothing is asked yet"]
    pub fn events(self) -> BoxStream<'static, Result<EventView, Error>> {
        let pages = pages(self, |stream| async move {
            let page = stream.page().await?;
            let next = page.as_ref().and_then(|page| page.next);
            let events = page.map(|page| page.events).unwrap_or_default();
            Ok((iter(events.into_iter().map(Ok)), next.map(|next| stream.after(next))))
        });
        Box::pin(pages.try_flatten())
    }

    /// What the aggregate was like; none if it was not there then.
    ///
    /// # Errors
    /// When the gateway does not say, or the state does not fit the type.
    pub async fn state<T: DeserializeOwned>(&self, when: When) -> Result<Option<State<T>>, Error> {
        let then = match when {
            When::Now => None,
            When::Version(version) => Some(("version", version.to_string())),
            When::At(time) => Some(("at", time.to_string())),
        };
        let state: Option<State<T>> = self.ask(self.request(&["state"]).query(then.as_slice())).await?;
        if let Some(state) = &state {
            self.client.saw(state.position);
        }
        Ok(state)
    }

    fn request(&self, part: &[&str]) -> RequestBuilder {
        let id = self.id.to_string();
        self.client.request(Method::GET, &[&["v1", "streams", &self.category, &id], part].concat())
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Option<T>, Error> {
        match self.client.ask(request).await {
            Ok(answer) => answer.json().map(Some),
            Err(unanswered) => unanswered.error.unless_not_found(),
        }
    }
}
