//! How far a view is, for those who wait for it.

use annals_core::{Position, bus::ViewState};
use tokio::sync::watch;

/// Shared between the one who keeps a view and those who answer for it.
pub(crate) struct Progress(watch::Sender<Now>);

/// The state of a view at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Now {
    /// The last position that changed the view.
    pub checkpoint: Position,
    /// Up to here nothing of the view's categories is unapplied; at least the checkpoint.
    pub applied: Position,
    /// Whether it has ever been at the log's end.
    pub live: bool,
    /// The event in the way, if there is one.
    pub trouble: Option<String>,
}

impl Progress {
    pub(crate) fn new(checkpoint: Position, live: bool) -> Self {
        Self(watch::Sender::new(Now { checkpoint, applied: checkpoint, live, trouble: None }))
    }

    pub(crate) fn now(&self) -> Now {
        self.0.borrow().clone()
    }

    /// The checkpoint has moved on, so nothing is in the way.
    pub(crate) fn advance(&self, checkpoint: Position) {
        self.0.send_modify(|now| {
            now.checkpoint = checkpoint;
            now.applied = now.applied.max(checkpoint);
            now.trouble = None;
        });
    }

    /// The leader says that there is nothing to apply up to a position.
    pub(crate) fn nothing_up_to(&self, position: Position) {
        self.0.send_if_modified(|now| {
            let more = position > now.applied;
            now.applied = now.applied.max(position);
            more
        });
    }

    pub(crate) fn live(&self) {
        self.0.send_modify(|now| now.live = true);
    }

    pub(crate) fn stuck(&self, reason: String) {
        self.0.send_modify(|now| now.trouble = Some(reason));
    }

    /// All begins again.
    pub(crate) fn rebuild(&self) {
        self.0.send_replace(Now { checkpoint: 0, applied: 0, live: false, trouble: None });
    }

    /// Waits until `done`.
    pub(crate) async fn wait_until(&self, done: impl FnMut(&Now) -> bool) -> Now {
        let mut receiver = self.0.subscribe();
        let now = receiver.wait_for(done).await;
        now.expect("the sender is held by self").clone()
    }
}

impl Now {
    pub(crate) fn state(&self) -> ViewState {
        match (self.live, &self.trouble) {
            (_, Some(_)) => ViewState::Degraded,
            (false, None) => ViewState::Building,
            (true, None) => ViewState::Live,
        }
    }
}
