//! What a view shows.

use annals_core::Position;
use futures_util::{
    TryStreamExt,
    stream::{BoxStream, iter},
};
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{Answer, Client, Error, pages::pages};

/// How long a read waits for its position at most before it is asked again, in seconds: another copy of
/// the view may be further.
const LONGEST_WAIT_S: u64 = 2;

/// Rows of a view, in the view's own order.
///
/// ```no_run
/// # use annals_client::{Client, Error};
/// use futures_util::TryStreamExt;
///
/// #[derive(serde::Deserialize)]
/// struct Movement { kind: String, amount: u64 }
///
/// # async fn statement(annals: Client, id: uuid::Uuid) -> Result<(), Error> {
/// let mut movements = annals.view("statements").filter("account_id", &id).rows::<Movement>();
/// while let Some(movement) = movements.try_next().await? {
///     println!("{} {}", movement.kind, movement.amount);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is asked yet"]
pub struct View {
    client: Client,
    name: String,
    query: Vec<(String, String)>,
    at_least: Option<Position>,
}

/// Rows that were shown together.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins, if there is one: for [`View::after`].
    pub next: Option<String>,
    /// Everything in the log up to here was in the view.
    pub position: Position,
}

#[derive(Deserialize)]
struct Body<T> {
    rows: Vec<T>,
    next: Option<String>,
}

impl View {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned(), query: Vec::new(), at_least: None }
    }

    /// Only rows with this value, in a column that can be filtered by.
    pub fn filter(mut self, column: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.query.retain(|(name, _)| name != column);
        self.query.push((column.to_owned(), value.to_string()));
        self
    }

    /// At most so many rows on a page: 1 to 500, and 50 unless said.
    pub fn limit(self, rows: u32) -> Self {
        self.filter("limit", &rows)
    }

    /// From where a page before ended.
    pub fn after(self, cursor: &str) -> Self {
        self.filter("cursor", cursor)
    }

    /// Not before everything in the log up to here is in the view. A session does this by itself.
    pub fn at_least(self, position: Position) -> Self {
        Self { at_least: Some(position), ..self }
    }

    /// One page.
    ///
    /// # Errors
    /// When the view is not there, not as far as asked, or the rows do not fit the type.
    pub async fn page<T: DeserializeOwned>(&self) -> Result<Page<T>, Error> {
        let answer = self.ask(self.request(&[]).query(&self.query)).await?;
        let Body { rows, next } = answer.json()?;
        Ok(Page { rows, next, position: answer.position().unwrap_or_default() })
    }

    /// This page and all that follow. The stream ends with the first error.
    #[must_use = "nothing is asked yet"]
    pub fn pages<T: DeserializeOwned + Send + 'static>(self) -> BoxStream<'static, Result<Page<T>, Error>> {
        pages(self, |view| async move {
            let page = view.page().await?;
            let next = page.next.as_deref().map(|cursor| view.after(cursor));
            Ok((page, next))
        })
    }

    /// All rows, fetched page by page.
    #[must_use = "nothing is asked yet"]
    pub fn rows<T: DeserializeOwned + Send + 'static>(self) -> BoxStream<'static, Result<T, Error>> {
        Box::pin(self.pages().map_ok(|page| iter(page.rows.into_iter().map(Ok))).try_flatten())
    }

    /// The row with this key, if there is one. Keys of several columns are joined by `:`. There is none
    /// with a key that no address can name: `.`, `..`, or one with a tab or a line break in it.
    ///
    /// # Errors
    /// When the view is not there, not as far as asked, or the row does not fit the type.
    pub async fn row<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        if matches!(key, "." | "..") || key.contains(['\t', '\n', '\r']) {
            return Ok(None); // an address would lose it, and name something else
        }
        match self.ask(self.request(&[key])).await {
            Ok(answer) => answer.json().map(Some),
            Err(error) => error.unless_not_found(),
        }
    }

    fn request(&self, key: &[&str]) -> RequestBuilder {
        self.client.request(Method::GET, &[&["v1", "views", &self.name], key].concat())
    }

    async fn ask(&self, mut request: RequestBuilder) -> Result<Answer, Error> {
        if let Some(position) = self.client.least_position(self.at_least) {
            // Before the attempt is over, so that it is said how far the view is behind.
            let wait_s = (self.client.longest_attempt(&Method::GET) / 2).as_secs().min(LONGEST_WAIT_S);
            request = request.header("Annals-Min-Position", position);
            request = request.header("Prefer", format!("wait={wait_s}"));
        }
        self.client.ask(request).await.map_err(|unanswered| unanswered.error)
    }
}
