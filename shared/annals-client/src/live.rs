//! The log as it grows: server-sent events, with resume.

use std::{fmt, time::Duration};

use annals_core::{Address, EventView, Position};
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
/// # async fn follow(annals: Client, saved: annals_client::Address) -> Result<(), Error> {
/// let mut live = annals.events().resume_after(saved).category("account").live();
/// while let Some(event) = live.next().await? {
///     println!("{} {}", event.r#type, event.stream_id);
///     let saved = live.reached(); // what to save
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
    /// Everything up to here has been given out.
    reached: Address,
}

enum Connection {
    /// The first one is still to be made.
    None,
    Open(Box<SseStream<Body>>),
    Lost,
}

impl Live {
    pub(crate) fn new(
        client: Client,
        after: Address,
        until: Option<Position>,
        request: RequestBuilder,
    ) -> Self {
        let (connection, fruitless_since) = (Connection::None, None);
        Self { client, request, until, connection, fruitless_since, pause: PAUSE, reached: after }
    }

    /// The next event; none only if there was an end to them, and it has been reached. Nothing is lost when it is
    /// given up while it waits.
    ///
    /// # Errors
    /// When for as long as the client is patient no connection could be made, or nothing came on any; when
    /// what answers is no stream of events; or when what comes cannot be read. Asked again, it goes on from
    /// where it was.
    pub async fn next(&mut self) -> Result<Option<EventView>, Error> {
        loop {
            if self.until.is_some_and(|until| self.reached >= Address::whole(until)) {
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
            let event = event.filter(|event| Address::of(event) > self.reached);
            let id = block.id.as_deref().and_then(|id| id.parse().ok());
            self.reached =
                event.as_ref().map(Address::of).into_iter().chain(id).fold(self.reached, Address::max);
            if let Some(event) = event {
                self.client.saw(event.position);
                return Ok(Some(event));
            }
        }
    }

    /// Everything up to here has been given out: with this address [`crate::Events::resume_after`] goes on.
    #[must_use]
    pub fn reached(&self) -> Address {
        self.reached
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
        let resume = self.reached.to_string().parse().expect("digits and a dot are a header value");
        let headers = [(ACCEPT, HeaderValue::from_static("text/event-stream")), (LAST_EVENT_ID, resume)];
        let request = self.request.try_clone().expect("a question has no body");
        let request = request.headers(HeaderMap::from_iter(headers));
        let response = self.client.open(request).await;
        let response = response.map_err(|unanswered| unanswered.error)?;
        self.connection = Connection::Open(Box::new(SseStream::new(Body::from(response))));
        Ok(())
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
