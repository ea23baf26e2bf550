//! Reads the log, and says what it does to the view, while what was read before is being written.
//!
//! A batch goes on as soon as somebody is ready to write it, and grows as long as nobody is: one commit
//! that comes alone is shown at once, and a thousand that wait are one transaction. Three batches are in
//! memory at most: one grows, one waits, one is being written.

use std::sync::Arc;

use annals_core::Position;
use annals_nats::{Delivery, Follower};
use annals_sqlite::{Change, View};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    keeper::Keeper,
    trouble::{Trouble, project},
};

/// Commits, and their bytes, that one batch takes when there are many.
const BATCH: (usize, usize) = (1000, 8 * 1024 * 1024);

/// What one transaction writes.
#[derive(Default)]
pub(crate) struct Batch {
    pub changes: Vec<Change>,
    /// What it ends with.
    pub last: Option<Delivery>,
    bytes: usize,
}

/// Reads for one view.
pub(crate) struct Ahead {
    pub keeper: Arc<Keeper>,
    pub view: Arc<View>,
    pub follower: Follower,
    /// Everything up to here has been delivered.
    pub reached: Position,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.changes.len() >= BATCH.0 || self.bytes >= BATCH.1
    }
}

impl Ahead {
    /// Hands over what is to be written, until that fails or something is in the way, which comes last.
    pub(crate) async fn read(mut self, writer: mpsc::Sender<Result<Batch, Trouble>>) {
        let mut batch = Batch::default();
        let trouble = loop {
            tokio::select! {
                biased; // nothing is waited for while somebody is ready to write
                place = writer.reserve(), if !batch.changes.is_empty() => {
                    let Ok(place) = place else { return };
                    place.send(Ok(std::mem::take(&mut batch)));
                }
                more = self.next(&batch), if !batch.is_full() => {
                    if let Err(trouble) = more.and_then(|deliveries| self.add(&mut batch, deliveries)) {
                        break trouble;
                    }
                }
            }
        };
        // Whether they are still wanted or not: there is nobody else to tell.
        if !batch.changes.is_empty() {
            let _ = writer.send(Ok(batch)).await;
        }
        let _ = writer.send(Err(trouble)).await;
    }

    /// The next deliveries; none if there are none and should be none.
    async fn next(&mut self, batch: &Batch) -> Result<Vec<Delivery>, Trouble> {
        let (most, bytes) = (BATCH.0 - batch.changes.len(), BATCH.1 - batch.bytes);
        let pace = self.keeper.pace;
        if let Ok(delivered) = timeout(pace.silence, self.follower.next(most, bytes)).await {
            return Ok(delivered?);
        }
        self.view.in_place()?;
        let end = self.keeper.last().await?;
        if end < self.reached {
            return Err(Trouble::Shortened { end });
        }
        if end == self.reached {
            return Ok(Vec::new());
        }
        // It may have come in while the log was asked.
        let delivered = timeout(pace.last_look, self.follower.next(most, bytes)).await;
        Ok(delivered.map_err(|_| Trouble::Silent)??)
    }

    /// Adds what was delivered, as far as it can be read.
    fn add(&mut self, batch: &mut Batch, deliveries: Vec<Delivery>) -> Result<(), Trouble> {
        for delivery in deliveries {
            let change = project(&self.keeper.projection, &delivery)?;
            self.reached = delivery.position;
            batch.bytes += delivery.bytes();
            batch.changes.push(change);
            batch.last = Some(delivery);
        }
        Ok(())
    }
}
