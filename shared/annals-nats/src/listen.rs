//! Acting on the log, several instances sharing the work: reactors.

use annals_core::{Position, Start};
use async_nats::jetstream::{
    consumer::{AckPolicy, Consumer, DeliverPolicy, Info, pull},
    context::ConsumerInfoErrorKind,
};

use crate::{
    Log, LogError, Nats, Pull, Scope, Wake, floors::Floors, jetstream_log::within, log::unavailable, stream,
};

/// A durable consumer that all instances of a reactor share.
pub struct Listener {
    nats: Nats,
    durable: String,
    consumer: Consumer<pull::Config>,
}

/// How far the instances of a reactor are, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Every commit up to here is settled, or none of the reactor's business.
    pub floor: Position,
    /// Commits that nobody has been given yet.
    pub waiting: u64,
    /// Commits that somebody works on, or that wait for another try.
    pub out: u64,
    /// How many of those have been given to somebody more than once.
    pub again: u64,
    /// Counts deliveries: while it stands still, nothing is given to anybody.
    pub delivered: u64,
}

impl Standing {
    /// Whether the consumer could give something to somebody who asks.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.waiting > 0 && self.out < OUT
    }
}

/// Commits that may be out at once, over all instances. Those that wait for another try count, too,
/// and must not stop the others.
const OUT: u64 = 10_000;

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
            ack_policy: AckPolicy::Explicit,
            ack_wait: Wake::PATIENCE,
            max_ack_pending: i64::try_from(OUT).expect("ten thousand is a number"),
            ..pull::Config::default()
        };
        let consumer = within(self.consumer(durable, categories, config)).await??;
        Ok(Listener { nats: self.clone(), durable: durable.into(), consumer })
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
        Ok(Standing {
            floor: floor(&info),
            waiting: info.num_pending,
            out: info.num_ack_pending as u64,
            again: info.num_redelivered as u64,
            delivered: info.delivered.consumer_sequence,
        })
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

/// Before the first acknowledgement it is the start that counts.
fn floor(info: &Info) -> Position {
    let before_start = match info.config.deliver_policy {
        DeliverPolicy::ByStartSequence { start_sequence } => start_sequence.saturating_sub(1),
        DeliverPolicy::All
        | DeliverPolicy::Last
        | DeliverPolicy::New
        | DeliverPolicy::ByStartTime { .. }
        | DeliverPolicy::LastPerSubject => 0,
    };
    info.ack_floor.stream_sequence.max(before_start)
}

impl Listener {
    /// Asks for at most so many commits.
    ///
    /// # Errors
    /// When the server is not there: listen again.
    pub async fn pull(&self, most: usize) -> Result<Pull, LogError> {
        if !self.nats.is_connected() {
            // What is asked now would be asked later, when nobody waits for the answer.
            return Err(unavailable("the connection is lost"));
        }
        Pull::begin(&self.consumer, most).await
    }

    /// Asks the server how far the instances are.
    ///
    /// # Errors
    /// When the server cannot be asked, or the consumer is gone: listen again.
    pub async fn standing(&self) -> Result<Standing, LogError> {
        self.nats.standing(&self.durable).await
    }

    /// Keeps the floor, for a consumer that has to be made again.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn keep(&self, floor: Position) -> Result<(), LogError> {
        Floors::open(&self.nats).await?.raise(&self.durable, floor).await
    }
}
