//! Acknowledgements that get lost.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::operation::is_acknowledgement;

/// What becomes of the acknowledgement of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgements {
    /// It arrives.
    Pass,
    /// It gets lost.
    GetLost,
    /// The next one gets lost, and the connection with it; then they arrive again.
    CutTheConnection,
}

#[derive(Debug)]
pub(super) struct Loss {
    pub fate: Mutex<Acknowledgements>,
    pub lost: AtomicU64,
}

impl Loss {
    pub(super) fn none() -> Self {
        Self { fate: Mutex::new(Acknowledgements::Pass), lost: AtomicU64::new(0) }
    }

    /// What becomes of this operation of the server.
    pub(super) fn meet(&self, operation: &[u8]) -> Acknowledgements {
        if !is_acknowledgement(operation) {
            return Acknowledgements::Pass;
        }
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let met = *fate;
        if met == Acknowledgements::CutTheConnection {
            *fate = Acknowledgements::Pass;
        }
        if met != Acknowledgements::Pass {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        met
    }
}
