//! Does a view's file belong to this log?

use std::sync::Arc;

use annals_core::Position;
use annals_nats::{Log, LogError, Scope};
use annals_sqlite::{Change, Checkpoint, View};
use tracing::warn;

use crate::{keeper::Keeper, progress::InTheWay, trouble::Trouble};

impl Keeper {
    /// The checkpoint to go on from. A file that is ahead of the log, or beside it, is of another
    /// one (sequences are used again after a loss), and the view is built anew.
    pub(crate) async fn checkpoint(&self, view: &View) -> Result<Position, Trouble> {
        let checkpoint = view.checkpoint().await?;
        if checkpoint.position == 0 || self.is_of_this_log(checkpoint).await? {
            if let Some(InTheWay::File(_)) = self.progress.now().in_the_way {
                let nothing = Change { statements: Vec::new(), checkpoint };
                view.apply(&Arc::from([nothing])).await?; // it has to show that it can be written again
                self.progress.advance(checkpoint.position);
            }
            return Ok(checkpoint.position);
        }
        let (name, position) = (self.projection.view, checkpoint.position);
        warn!(position, "{name} is of another log, or of one that has lost its end: building it anew");
        view.rebuild().await?;
        self.progress.begin(0, false);
        Ok(0)
    }

    async fn is_of_this_log(&self, checkpoint: Checkpoint) -> Result<bool, LogError> {
        if checkpoint.position > self.log.last(&Scope::All).await? {
            return Ok(false);
        }
        let page = match self.log.read(&Scope::All, checkpoint.position - 1, 1).await {
            Err(LogError::Commit(_)) => return Ok(false), // what was applied could be read
            page => page?,
        };
        match page.commits.first() {
            Some(stored) if stored.position == checkpoint.position => {
                Ok(Some(stored.commit.id) == checkpoint.commit_id)
            }
            _ => Err(LogError::Unavailable("a replica of the log lags behind".into())),
        }
    }
}
