//! The way in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use annals_core::{Decider, EventView, Position, tagged};
use reqwest::{Method, RequestBuilder, Url, redirect};
use serde_json::Value;
use uuid::Uuid;

use crate::{AggregateStream, Answer, Error, Events, Give, Pending, View, watch::Watch};

/// Until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);
/// Until a question is answered, over all attempts. A command takes up to 20 s of it for each.
const PATIENCE: Duration = Duration::from_mins(1);

/// Speaks to one gateway. Clones share their connections, and their session.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    base_url: Url,
    pub(crate) patience: Duration,
    /// In a session: the highest position that was answered.
    pub(crate) seen: Option<Arc<AtomicU64>>,
    pub(crate) watch: Watch,
}

impl Client {
    /// A client of the gateway at an address such as `http://localhost:8080`.
    ///
    /// # Errors
    /// When that is no such address.
    pub fn try_new(base_url: &str) -> Result<Self, Error> {
        let http = reqwest::Client::builder().connect_timeout(CONNECT).redirect(redirect::Policy::none());
        Self::with_http(base_url, http.build()?)
    }

    /// The same over an HTTP client of your own, which may know TLS, keys or proxies. It should set no
    /// time limit on a whole answer: what is live has no end.
    ///
    /// # Errors
    /// When that is no such address.
    pub fn with_http(base_url: &str, http: reqwest::Client) -> Result<Self, Error> {
        let address = || Error::Address(base_url.to_owned());
        let base_url = Url::parse(base_url).map_err(|_| address())?;
        if !matches!(base_url.scheme(), "http" | "https") {
            return Err(address());
        }
        Ok(Self { http, base_url, patience: PATIENCE, seen: None, watch: Watch::default() })
    }

    /// Asks for so long, over all attempts, until it gives up; 60 s unless said. Under its key a command
    /// is safe to repeat for ever.
    #[must_use]
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// A client that reads its own writes: its views wait until they show everything that was answered
    /// to it, or to its clones, before.
    #[must_use]
    pub fn session(&self) -> Self {
        Self { seen: Some(Arc::default()), ..self.clone() }
    }

    /// Has somebody look at the answer to every attempt, those that are not the last among them; none if
    /// there was no answer. Not at what has no end: [`Events::live`]. For counting and measuring.
    #[must_use]
    pub fn watched_by(self, watch: impl Fn(Option<&Answer>) + Send + Sync + 'static) -> Self {
        Self { watch: Watch::by(watch), ..self }
    }

    /// A command for the aggregate `id` of category `D`.
    pub fn give<D: Decider>(&self, id: Uuid, command: &D::Command) -> Give {
        let (name, data) = tagged(command);
        self.give_named(D::NAME, id, &name, data)
    }

    /// A command by its name, with its data as JSON, for those who do not have the domain's types.
    ///
    /// ```no_run
    /// # use annals_client::{Client, Error};
    /// # async fn deposit(annals: Client, id: uuid::Uuid) -> Result<(), Error> {
    /// let data = serde_json::json!({ "amount": 250 });
    /// let accepted = annals.give_named("account", id, "deposit", data).at_version(1).await?.accepted()?;
    /// # Ok(()) }
    /// ```
    pub fn give_named(&self, category: &str, id: Uuid, command: &str, data: Value) -> Give {
        Give::new(self.clone(), format!("{category}.{command}"), id, data)
    }

    /// What became of a command.
    #[must_use]
    pub fn command(&self, command_id: Uuid) -> Pending {
        Pending::new(self.clone(), command_id, None)
    }

    /// What a view shows.
    pub fn view(&self, name: &str) -> View {
        View::new(self.clone(), name)
    }

    /// What happened to one aggregate.
    pub fn stream(&self, category: &str, id: Uuid) -> AggregateStream {
        AggregateStream::new(self.clone(), category, id)
    }

    /// What happened at all, in order.
    pub fn events(&self) -> Events {
        Events::new(self.clone())
    }

    /// One event, by its id; none if there is no such event.
    ///
    /// # Errors
    /// When the gateway does not say.
    pub async fn event(&self, id: Uuid) -> Result<Option<EventView>, Error> {
        let event: Option<EventView> =
            match self.ask(self.request(Method::GET, &["v1", "events", &id.to_string()])).await {
                Ok(answer) => Some(answer.json()?),
                Err(unanswered) => unanswered.error.unless_not_found()?,
            };
        self.saw_events(&event);
        Ok(event)
    }

    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base_url.clone();
        url.path_segments_mut().expect("an address over HTTP has a path").pop_if_empty().extend(path);
        self.http.request(method, url)
    }

    /// Of an answer that is to come.
    pub(crate) fn least_position(&self, asked: Option<Position>) -> Option<Position> {
        let seen = self.seen.as_ref().map(|seen| seen.load(Ordering::Relaxed));
        seen.max(asked).filter(|position| *position > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base_url: &str, path: &[&str]) -> String {
        let client = Client::try_new(base_url).unwrap();
        client.request(Method::GET, path).build().unwrap().url().to_string()
    }

    #[test]
    fn paths_are_encoded_below_the_base() {
        assert_eq!(url("http://a:1", &["v1", "views"]), "http://a:1/v1/views");
        assert_eq!(url("http://a/annals/", &["v1", "x/y?z"]), "http://a/annals/v1/x%2Fy%3Fz");
    }

    #[test]
    fn what_is_no_address_is_said_to_be_none() {
        for wrong in ["localhost:8080", "", "mailto:ada@example.com", "ftp://a", "ws://a"] {
            assert!(matches!(Client::try_new(wrong), Err(Error::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn a_session_asks_for_the_highest_position_that_it_saw() {
        let client = Client::try_new("http://a").unwrap();
        assert_eq!(client.least_position(None), None);
        assert_eq!(client.least_position(Some(3)), Some(3));

        let session = client.session();
        assert_eq!(session.least_position(None), None);
        session.saw(5);
        session.clone().saw(4);
        assert_eq!(session.least_position(Some(3)), Some(5));
        assert_eq!(session.least_position(Some(7)), Some(7));
        assert_eq!(client.session().least_position(None), None);
    }
}
