//! How far reactors are: kept outside their consumers, which anybody can delete.

use annals_core::Position;
use async_nats::jetstream::kv::{CreateErrorKind, Store, UpdateErrorKind};
use tracing::warn;

use crate::{LogError, Nats, bucket::REACTORS, jetstream_log::within, log::unavailable};

/// For each durable consumer a position: nothing up to there needs to be done again. It may lag,
/// because what is done again is recognised by its id.
pub(crate) struct Floors(Store);

/// A floor as it is kept, with the revision that a change has to name.
struct Kept {
    floor: Position,
    revision: u64,
}

impl Floors {
    pub(crate) async fn open(nats: &Nats) -> Result<Self, LogError> {
        Ok(Self(REACTORS.open(nats).await?))
    }

    /// Keeps the first floor of a consumer, and gives the one that holds: whoever was earlier has
    /// decided.
    pub(crate) async fn begin(&self, durable: &str, first: Position) -> Result<Position, LogError> {
        if let Some(kept) = self.kept(durable).await? {
            return Ok(kept.floor);
        }
        match within(self.0.create(key(durable), first.to_string().into())).await? {
            Ok(_) => Ok(first),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {
                let theirs = self.kept(durable).await?;
                theirs.map(|kept| kept.floor).ok_or_else(|| unavailable("the floor was there a moment ago"))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Raises the floor. A higher one stays: another instance has seen more.
    pub(crate) async fn raise(&self, durable: &str, floor: Position) -> Result<(), LogError> {
        match self.kept(durable).await? {
            Some(kept) if kept.floor < floor => self.update(durable, &kept, floor).await,
            Some(_) => Ok(()),
            None => self.begin(durable, floor).await.map(drop),
        }
    }

    /// Lowers a floor that is higher than it can be, where it would hide what comes next, and gives
    /// the one that holds.
    pub(crate) async fn lower(&self, durable: &str, most: Position) -> Result<Position, LogError> {
        match self.kept(durable).await? {
            Some(kept) if kept.floor > most => {
                warn!(
                    consumer = durable,
                    "its floor goes back from {} to {most}, as the log has", kept.floor
                );
                self.update(durable, &kept, most).await?;
                Ok(most)
            }
            Some(kept) => Ok(kept.floor),
            None => Err(unavailable("the floor was there a moment ago")),
        }
    }

    async fn kept(&self, durable: &str) -> Result<Option<Kept>, LogError> {
        let entry = within(self.0.entry(key(durable))).await?.map_err(unavailable)?;
        Ok(entry.and_then(|entry| {
            let floor = std::str::from_utf8(&entry.value).ok()?.parse().ok()?;
            Some(Kept { floor, revision: entry.revision })
        }))
    }

    /// If somebody else was faster, they have read the same consumer: theirs is as good.
    async fn update(&self, durable: &str, kept: &Kept, floor: Position) -> Result<(), LogError> {
        match within(self.0.update(key(durable), floor.to_string().into(), kept.revision)).await? {
            Err(error) if error.kind() != UpdateErrorKind::WrongLastRevision => Err(unavailable(error)),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn key(durable: &str) -> String {
    format!("floor.{durable}")
}
