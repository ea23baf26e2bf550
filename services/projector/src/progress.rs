//! How far a view is, for those who wait for it and for those who watch.

use annals_core::{Position, bus::ViewState};
use tokio::sync::watch;

/// Shared between the one who keeps a view and those who answer for it.
pub(crate) struct Progress {
    view: &'static str,
    now: watch::Sender<Now>,
}

/// The state of a view at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Now {
    /// The last position that changed the view.
    pub checkpoint: Position,
    /// Up to here nothing of the view's categories is unapplied; at least the checkpoint.
    pub applied: Position,
    /// Whether it has ever been at the log's end.
    pub live: bool,
    /// What stops it, until that is out of the way.
    pub in_the_way: Option<InTheWay>,
}

/// What stops a view, in words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InTheWay {
    /// An event that it cannot handle.
    Event(String),
    /// Its file, or what is around it.
    File(String),
}

impl Progress {
    /// Nothing is known before the view's file has been opened.
    pub(crate) fn new(view: &'static str) -> Self {
        Self { view, now: watch::Sender::default() }
    }

    pub(crate) fn now(&self) -> Now {
        self.now.borrow().clone()
    }

    /// The view's file has been opened, or emptied.
    pub(crate) fn begin(&self, checkpoint: Position, live: bool) {
        self.change(|now| *now = Now { checkpoint, applied: checkpoint, live, in_the_way: None });
    }

    /// The checkpoint has been written, so nothing is in the way.
    pub(crate) fn advance(&self, checkpoint: Position) {
        self.change(|now| {
            now.checkpoint = checkpoint;
            now.applied = now.applied.max(checkpoint);
            now.in_the_way = None;
        });
    }

    /// The leader says that there is nothing to apply up to a position.
    pub(crate) fn nothing_up_to(&self, position: Position) {
        if position > self.now.borrow().applied {
            self.change(|now| now.applied = now.applied.max(position));
        }
    }

    pub(crate) fn live(&self) {
        self.change(|now| now.live = true);
    }

    pub(crate) fn stuck(&self, in_the_way: InTheWay) {
        self.change(|now| now.in_the_way = Some(in_the_way));
    }

    /// Waits until `done`.
    pub(crate) async fn wait_until(&self, done: impl FnMut(&Now) -> bool) -> Now {
        let mut receiver = self.now.subscribe();
        let now = receiver.wait_for(done).await;
        now.expect("the sender is held by self").clone()
    }

    #[allow(clippy::cast_precision_loss)] // beyond 2^53 a gauge may be off by one
    fn change(&self, change: impl FnOnce(&mut Now)) {
        self.now.send_modify(|now| {
            change(now);
            metrics::gauge!("annals_view_position", "view" => self.view).set(now.applied as f64);
            metrics::gauge!("annals_view_live", "view" => self.view).set(f64::from(now.live));
            metrics::gauge!("annals_view_degraded", "view" => self.view)
                .set(f64::from(now.in_the_way.is_some()));
        });
    }
}

impl Now {
    pub(crate) fn state(&self) -> ViewState {
        match (self.live, &self.in_the_way) {
            (_, Some(_)) => ViewState::Degraded,
            (false, None) => ViewState::Building,
            (true, None) => ViewState::Live,
        }
    }
}
