//! Where several instances get their work from: a durable consumer that they share.

use std::marker::PhantomData;

use annals_core::{Position, StoredCommit};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, Info, pull};

use crate::{Content, LogError, Nats, Pull, Wake, jetstream_log::within, log::unavailable};

/// A durable consumer whose messages are shared by all who ask.
pub struct Source<T: Content = StoredCommit> {
    pub(crate) nats: Nats,
    consumer: Consumer<pull::Config>,
    content: PhantomData<fn() -> T>,
}

/// How far those are who share a source, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Every message up to here is settled, or none of their business.
    pub floor: Position,
    /// Messages that nobody has been given yet.
    pub waiting: u64,
    /// Messages that somebody works on, or that wait for another try.
    pub out: u64,
    /// How many of those have been given to somebody more than once.
    pub again: u64,
    /// Counts deliveries: while it stands still, nothing is given to anybody.
    pub delivered: u64,
}

/// Messages that may be out at once, over all instances. Those that wait for another try count, too,
/// and must not stop the others.
pub(crate) const OUT: u16 = 10_000;

impl Standing {
    /// Whether the consumer could give something to somebody who asks.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.waiting > 0 && self.out < OUT.into()
    }

    pub(crate) fn of(info: &Info) -> Self {
        Self {
            floor: floor(info),
            waiting: info.num_pending,
            out: info.num_ack_pending as u64,
            again: info.num_redelivered as u64,
            delivered: info.delivered.consumer_sequence,
        }
    }
}

/// How a consumer acknowledges that several instances share.
pub(crate) fn shared() -> pull::Config {
    pull::Config {
        ack_policy: AckPolicy::Explicit,
        ack_wait: Wake::PATIENCE,
        max_ack_pending: OUT.into(),
        ..pull::Config::default()
    }
}

/// Before the first acknowledgement it is the start that counts.
pub(crate) fn floor(info: &Info) -> Position {
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

impl<T: Content> Source<T> {
    pub(crate) fn new(nats: Nats, consumer: Consumer<pull::Config>) -> Self {
        Self { nats, consumer, content: PhantomData }
    }

    /// Asks for at most so many messages.
    ///
    /// # Errors
    /// When the server is not there: ask for the source again.
    pub async fn pull(&self, most: usize) -> Result<Pull<T>, LogError> {
        if !self.nats.is_connected() {
            // What is asked now would be asked later, when nobody waits for the answer.
            return Err(unavailable("the connection is lost"));
        }
        Pull::begin(&self.consumer, most).await
    }

    /// Asks the server how far the instances are.
    ///
    /// # Errors
    /// When the server cannot be asked, or the consumer is gone: ask for the source again.
    pub async fn standing(&self) -> Result<Standing, LogError> {
        let info = within(self.consumer.get_info()).await?.map_err(unavailable)?;
        Ok(Standing::of(&info))
    }
}
