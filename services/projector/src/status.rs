//! How far a read model is, for queries that wait for it and for people who watch.

use annals_core::{Position, bus::ViewState};
use jiff::Timestamp;
use tokio::sync::watch;

/// Shared between the worker that keeps a read model and the queries that it answers.
pub(crate) struct Status {
    pub name: &'static str,
    progress: watch::Sender<Progress>,
}

/// The state of a read model at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Progress {
    /// Whether its file is open.
    pub open: bool,
    /// Everything in the log up to here has been applied.
    pub applied: Position,
    /// Whether it has ever been at the log's end.
    pub live: bool,
    /// What stops it.
    pub blocker: Option<Blocker>,
    /// Where the log ended when it was asked last.
    pub end: Position,
    /// When it last moved, or was known to be at the log's end.
    pub since: Timestamp,
}

/// What stops a read model, in words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Blocker {
    /// An event that it cannot handle, or a place where no reader of the log can go on.
    Event(String),
    /// Its file, or what is around it.
    File(String),
}

impl Status {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, progress: watch::Sender::default() }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Its file has been opened, or emptied.
    pub(crate) fn opened(&self, applied: Position, live: bool) {
        self.change(|progress| {
            *progress = Progress { open: true, applied, live, blocker: None, ..*progress };
            progress.since = Timestamp::now();
        });
    }

    pub(crate) fn closed(&self) {
        self.change(|progress| progress.open = false);
    }

    /// A checkpoint has been written, so nothing blocks it.
    pub(crate) fn advance(&self, applied: Position) {
        self.change(|progress| {
            progress.applied = progress.applied.max(applied);
            progress.end = progress.end.max(applied);
            progress.blocker = None;
            progress.since = Timestamp::now();
        });
    }

    /// The log has said where it ends.
    pub(crate) fn log_ends_at(&self, end: Position) {
        self.change(|progress| {
            progress.end = end;
            if progress.applied >= end {
                progress.since = Timestamp::now();
            }
        });
    }

    pub(crate) fn live(&self) {
        self.change(|progress| progress.live = true);
    }

    pub(crate) fn block(&self, blocker: Blocker) {
        self.change(|progress| progress.blocker = Some(blocker));
    }

    /// Waits until `done`.
    pub(crate) async fn wait_until(&self, done: impl FnMut(&Progress) -> bool) -> Progress {
        let mut receiver = self.progress.subscribe();
        let progress = receiver.wait_for(done).await;
        progress.expect("the sender is held by self").clone()
    }

    #[allow(clippy::cast_precision_loss)] // beyond 2^53 a gauge may be off by one
    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let gauge = |name: &'static str, value: f64| metrics::gauge!(name, "view" => self.name).set(value);
        self.progress.send_modify(|progress| {
            change(progress);
            gauge("annals_view_position", progress.applied as f64);
            gauge("annals_view_live", f64::from(progress.live));
            gauge("annals_view_degraded", f64::from(progress.blocker.is_some()));
            gauge("annals_view_lag_commits", progress.lag() as f64);
        });
    }
}

impl Progress {
    /// Positions between it and the log's end.
    pub(crate) fn lag(&self) -> u64 {
        self.end.saturating_sub(self.applied)
    }

    /// Whether it can answer, though maybe not as far as is asked.
    pub(crate) fn serves(&self) -> bool {
        self.open && self.live
    }

    pub(crate) fn state(&self) -> ViewState {
        match (self.live, &self.blocker) {
            (_, Some(_)) => ViewState::Degraded,
            (false, None) => ViewState::Building,
            (true, None) => ViewState::Live,
        }
    }
}
