//! Acting on the log, several instances sharing the work: reactors.

use std::ops::Deref;

use annals_core::{Position, Start};
use async_nats::jetstream::{
    consumer::{DeliverPolicy, Info, pull},
    context::ConsumerInfoErrorKind,
};

use crate::{
    Log, LogError, Nats, Scope, Source, Standing,
    floors::Floors,
    jetstream_log::within,
    log::unavailable,
    source::{self, floor},
    stream,
};

/// A durable consumer that all instances of a reactor share.
pub struct Listener {
    durable: String,
    source: Source,
}

/// What is listened to is a source of commits.
impl Deref for Listener {
    type Target = Source;

    fn deref(&self) -> &Source {
        &self.source
    }
}

impl Nats {
    /// Listens to the commits of `categories` under a durable name.
    ///
    /// The place where it began, and how far it came, are kept beside the consumer: one that is gone
    /// is made again from there. One that is there goes on, also if an older release made it.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn listen(
        &self,
        durable: &str,
        categories: &[&str],
        from: Start,
    ) -> Result<Listener, LogError> {
        let found = self.info(durable).await?;
        let floor = self.begin(durable, from, found.as_ref()).await?;
        let start = DeliverPolicy::ByStartSequence { start_sequence: floor + 1 };
        let config = pull::Config {
            // The one thing that cannot be changed.
            deliver_policy: found.map_or(start, |info| info.config.deliver_policy),
            ..source::shared()
        };
        let consumer = within(self.consumer(durable, categories, config)).await??;
        let source = Source::new(self.clone(), consumer);
        Ok(Listener { durable: durable.into(), source })
    }

    /// Nothing up to there is given to a consumer that has to be made.
    async fn begin(&self, durable: &str, from: Start, found: Option<&Info>) -> Result<Position, LogError> {
        let floors = Floors::open(self).await?;
        let first = match (found, from) {
            (Some(info), _) => floor(info),
            (None, Start::Beginning) => 0,
            (None, Start::Now) => self.log().last(&Scope::All).await?,
        };
        floors.begin(durable, first).await?;
        // A consumer, or a log, that comes from a backup has not done what the floor says.
        let most = match found {
            Some(info) => floor(info),
            None => self.log().last(&Scope::All).await?,
        };
        floors.lower(durable, most).await
    }

    /// Asks the server how far those are who listen under a durable name.
    ///
    /// # Errors
    /// When the server cannot be asked, or there is no such consumer.
    pub async fn standing(&self, durable: &str) -> Result<Standing, LogError> {
        let info = self.info(durable).await?.ok_or_else(|| unavailable("the consumer is gone"))?;
        Ok(Standing::of(&info))
    }

    async fn info(&self, durable: &str) -> Result<Option<Info>, LogError> {
        let stream = within(self.jetstream.get_stream_no_info(stream::NAME)).await?.map_err(unavailable)?;
        match within(stream.consumer_info(durable)).await? {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }
}

impl Listener {
    /// Keeps the floor, for a consumer that has to be made again.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn keep(&self, floor: Position) -> Result<(), LogError> {
        Floors::open(&self.source.nats).await?.raise(&self.durable, floor).await
    }
}
