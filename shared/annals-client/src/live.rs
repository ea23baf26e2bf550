//! The log as it grows: server-sent events, with resume.

use std::{fmt, time::Duration};

use annals_core::{EventView, Position, Version};
use futures_util::StreamExt;
use reqwest::{
    Body, RequestBuilder,
    header::{ACCEPT, HeaderMap, HeaderName, HeaderValue},
};
use sse_stream::{Sse, SseStream};
use tokio::time::{Instant, sleep, timeout};

use crate::{Client, Error};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The gateway says something every 15 s. A connection that is silent for so long is lost.
const SILENCE: Duration = Duration::from_secs(45);
/// Before connecting again, unless the gateway says otherwise.
const PAUSE: Duration = Duration::from_millis(500);

/// Events as they happen. A lost connection is made again where it broke: no event is lost, none comes
/// twice.
///
/// ```no_run
/// # use annals_client::{Client, Error};
/// # async fn follow(annals: Client, saved: u64) -> Result<(), Error> {
/// let mut live = annals.events().after(saved).category("account").live();
/// while let Some(event) = live.next().await? {
///     println!("{} {}", event.r#type, event.stream_id);
///     let resume_after = live.position(); // what to save
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is asked until `next`"]
pub struct Live {
    client: Client,
    request: RequestBuilder,
    until: Option<Position>,
    connection: Connection,
    /// Since when connections are lost before anything comes on them.
    fruitless_since: Option<Instant>,
    pause: Duration,
    progress: Progress,
}

enum Connection {
    /// The first one is still to be made.
    None,
    Open(Box<SseStream<Body>>),
    Lost,
}

/// What has been handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Progress {
    /// Everything up to here.
    resume: Position,
    /// The last event, which may be in the middle of a commit.
    last: (Position, Version),
}

impl Live {
    pub(crate) fn new(
        client: Client,
        after: Position,
        until: Option<Position>,
        request: RequestBuilder,
    ) -> Self {
        let progress = Progress { resume: after, last: (after, Version::MAX) };
        let (connection, fruitless_since) = (Connection::None, None);
        Self { client, request, until, connection, fruitless_since, pause: PAUSE, progress }
    }

    /// The next event; none only if there was an end to them, and it has been reached. Whoever stops
    /// waiting for it loses nothing.
    ///
    /// # Errors
    /// When for as long as the client is patient no connection could be made, or nothing came on any; when
    /// what answers is no stream of events; or when what comes cannot be read. Asked again, it goes on from
    /// where it was.
    pub async fn next(&mut self) -> Result<Option<EventView>, Error> {
        loop {
            if self.until.is_some_and(|until| self.progress.resume >= until) {
                return Ok(None);
            }
            let Some(block) = self.block().await? else { continue };
            if let Some(retry) = block.retry {
                self.pause = Duration::from_millis(retry);
            }
            let event = block.data.as_deref().map(serde_json::from_str::<EventView>).transpose();
            if event.is_err() {
                self.connection = Connection::Lost; // what comes next on it is beyond what was not read
            }
            let event = event?;
            let is_new = event.as_ref().is_some_and(|event| self.progress.hands_over(event));
            self.progress.reach(block.id.as_deref());
            if let Some(event) = event.filter(|_| is_new) {
                self.client.saw(event.position);
                return Ok(Some(event));
            }
        }
    }

    /// Everything up to here has been handed over: whoever keeps it goes on with [`crate::Events::after`].
    #[must_use]
    pub fn position(&self) -> Position {
        self.progress.resume
    }

    /// What comes next on the connection; none if there is none any more.
    async fn block(&mut self) -> Result<Option<Sse>, Error> {
        let Connection::Open(blocks) = &mut self.connection else {
            self.connect().await?;
            return Ok(None);
        };
        let Ok(Some(Ok(block))) = timeout(SILENCE, blocks.next()).await else {
            self.connection = Connection::Lost;
            return self.bear_with_it();
        };
        self.fruitless_since = None;
        Ok(Some(block))
    }

    /// A connection is lost, which is an error only if nothing has come for too long.
    fn bear_with_it(&mut self) -> Result<Option<Sse>, Error> {
        let patience = self.client.patience;
        if self.fruitless_since.get_or_insert_with(Instant::now).elapsed() < patience {
            return Ok(None);
        }
        self.fruitless_since = None;
        Err(Error::TimedOut(patience))
    }

    async fn connect(&mut self) -> Result<(), Error> {
        if matches!(self.connection, Connection::Lost) {
            sleep(self.pause.min(self.client.patience)).await;
        }
        let resume = HeaderValue::from(self.progress.resume);
        let headers = [(ACCEPT, HeaderValue::from_static("text/event-stream")), (LAST_EVENT_ID, resume)];
        let request = self.request.try_clone().expect("a question has no body");
        let request = request.headers(HeaderMap::from_iter(headers));
        let response = self.client.open(request).await;
        let response = response.map_err(|unanswered| unanswered.error)?;
        self.connection = Connection::Open(Box::new(SseStream::new(Body::from(response))));
        Ok(())
    }
}

impl Progress {
    /// Whether an event is new, which is noted. After a resume in the middle of a commit, its first events
    /// come again.
    fn hands_over(&mut self, event: &EventView) -> bool {
        let place = (event.position, event.version);
        let is_new = place > self.last;
        self.last = self.last.max(place);
        is_new
    }

    /// Notes the id of a block: everything up to there has been told.
    fn reach(&mut self, id: Option<&str>) {
        if let Some(position) = id.and_then(|id| id.parse().ok()) {
            self.resume = self.resume.max(position);
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Open(_) => "Open",
            Self::Lost => "Lost",
        })
    }
}
