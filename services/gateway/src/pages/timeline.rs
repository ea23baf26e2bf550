//! The posts that a page shows.

use annals_core::{
    Position,
    bus::{Failure, Query, ViewRequest},
};
use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    gateway::Gateway,
    headers,
    problem::{Code, Problem},
    query::{self, Parameters},
};

/// The view that is shown.
pub const VIEW: &str = "timeline";

/// Posts on a page.
const LIMIT: u32 = 50;

/// Which part of the timeline, and how new.
#[derive(Default)]
pub struct Place {
    /// At least so new. 0 waits until the view is built at all.
    position: Position,
    cursor: Option<String>,
}

impl Place {
    /// From `?position=N&cursor=...`: the page waits for the position, which is that of a command.
    pub fn read(uri: &Uri) -> Result<Self, Problem> {
        let parameters = Parameters::parse(uri, &["position", "cursor"])?;
        let cursor = parameters.text("cursor").map(Into::into);
        Ok(Self { position: parameters.number("position")?.unwrap_or(0), cursor })
    }

    /// Whether it begins with the newest post, where others will appear.
    pub fn is_newest(&self) -> bool {
        self.cursor.is_none()
    }
}

/// Posts, the newest first.
pub struct Timeline {
    /// The position that they are shown at.
    pub position: Position,
    /// The posts.
    pub posts: Vec<Row>,
    /// Where older ones begin.
    pub next: Option<String>,
}

/// A row of the view.
#[derive(Deserialize)]
pub struct Row {
    pub post_id: Uuid,
    pub author: String,
    pub content: String,
    pub published_at: Timestamp,
}

impl Row {
    /// For reading; the exact time stands beside it.
    pub fn when(&self) -> String {
        self.published_at.strftime("%-d %B %Y, %H:%M UTC").to_string()
    }
}

/// Asks the view, and waits for the place as long as a read of the API does.
pub async fn ask(gateway: &Gateway, place: Place, headers: &HeaderMap) -> Result<Timeline, Problem> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<Row>,
        next: Option<String>,
    }
    let query = Query::Rows { filters: vec![], limit: LIMIT, cursor: place.cursor };
    let request =
        ViewRequest { query, min_position: Some(place.position), wait_ms: headers::wait_ms(headers) };
    let answer = gateway.bus()?.view(VIEW, &request).await.map_err(|failure| {
        let beyond = matches!(failure, Failure::BeyondTheEnd { .. });
        if beyond { query::invalid("position", "is beyond the end of the log") } else { failure.into() }
    })?;
    let Rows { rows, next } = serde_json::from_str(answer.body.get()).map_err(|error| {
        Problem::new(Code::InternalError, format!("The view `{VIEW}` does not show posts: {error}."))
    })?;
    Ok(Timeline { position: answer.position, posts: rows, next })
}
