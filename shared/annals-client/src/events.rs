//! What happened at all.

use annals_core::{Address, EventView, Position};
use futures_util::{
    TryStreamExt,
    stream::{BoxStream, iter},
};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use uuid::Uuid;

use crate::{Client, Error, Live, pages::pages};

/// The whole log in order, or what passes the filters.
///
/// ```no_run
/// # use annals_client::{Client, Error};
/// use futures_util::TryStreamExt;
///
/// # async fn audit(annals: Client) -> Result<(), Error> {
/// let mut deposits = annals.events().types(["MoneyDeposited"]).all();
/// while let Some(event) = deposits.try_next().await? {
///     println!("{} {}", event.position, event.data);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is asked yet"]
pub struct Events {
    client: Client,
    after: Address,
    until: Option<Position>,
    filters: Vec<(&'static str, String)>,
}

/// Events that were shown together.
#[derive(Debug, Clone, Deserialize)]
pub struct EventPage {
    /// The events.
    pub events: Vec<EventView>,
    /// Where to go on: for [`Events::resume_after`].
    pub next: Address,
    /// Whether there is nothing more that matches, up to `next`.
    pub end: bool,
}

impl Events {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, after: Address::default(), until: None, filters: Vec::new() }
    }

    /// Only what is beyond this position.
    pub fn after(self, position: Position) -> Self {
        self.resume_after(Address::whole(position))
    }

    /// Only what is beyond this event, or beyond all of an entry.
    pub fn resume_after(self, address: Address) -> Self {
        Self { after: address, ..self }
    }

    /// Only up to this position, which is included.
    pub fn until(self, position: Position) -> Self {
        Self { until: Some(position), ..self }
    }

    /// Only events of these types.
    pub fn types<'a>(self, types: impl IntoIterator<Item = &'a str>) -> Self {
        let types: Vec<_> = types.into_iter().collect();
        self.filter("type", types.join(","))
    }

    /// Only what happened to aggregates of this category.
    pub fn category(self, category: &str) -> Self {
        self.filter("category", category.to_owned())
    }

    /// Only what happened under this correlation id.
    pub fn correlated_with(self, correlation_id: Uuid) -> Self {
        self.filter("correlation_id", correlation_id.to_string())
    }

    /// Only what this command, or this event, caused at once.
    pub fn caused_by(self, id: Uuid) -> Self {
        self.filter("causation_id", id.to_string())
    }

    /// Only events that were recorded strictly after this time.
    pub fn since(self, time: Timestamp) -> Self {
        self.filter("since", time.to_string())
    }

    fn filter(mut self, name: &'static str, value: String) -> Self {
        self.filters.push((name, value));
        self
    }

    /// One page, of at most so many events (1 to 500).
    ///
    /// # Errors
    /// When the gateway does not say.
    pub async fn page(&self, limit: u32) -> Result<EventPage, Error> {
        let request =
            self.request().query(&[("after", self.after.to_string()), ("limit", limit.to_string())]);
        let answer = self.client.ask(request).await.map_err(|unanswered| unanswered.error)?;
        let page: EventPage = answer.json()?;
        self.client.saw_events(&page.events);
        Ok(page)
    }

    /// All events up to the log's end, fetched page by page. The stream ends with the first error.
    #[must_use = "nothing is asked yet"]
    pub fn all(self) -> BoxStream<'static, Result<EventView, Error>> {
        let pages = pages(self, |events| async move {
            let page = events.page(500).await?;
            let next = (!page.end).then(|| events.resume_after(page.next));
            Ok((iter(page.events.into_iter().map(Ok)), next))
        });
        Box::pin(pages.try_flatten())
    }

    /// All events, and then those that happen, as they happen.
    pub fn live(self) -> Live {
        Live::new(self.client.clone(), self.after, self.until, self.request())
    }

    fn request(&self) -> RequestBuilder {
        let request = self.client.request(Method::GET, &["v1", "events"]).query(&self.filters);
        self.until.iter().fold(request, |request, until| request.query(&[("until", until)]))
    }
}
