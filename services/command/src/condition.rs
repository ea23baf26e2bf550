//! How the service is: it serves from its beginning on, while the writer can write.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use annals_chassis::health::{Begun, Condition};

/// Whether it has begun, and what is wrong.
#[derive(Debug, Default)]
pub(crate) struct Health {
    pub begun: Begun,
    queue_stopped: AtomicBool,
    writer: Mutex<Option<String>>,
    store: Mutex<Option<String>>,
}

impl Health {
    /// Whether nothing is taken out of the queue. Gives what was so before.
    pub(crate) fn queue_stopped(&self, stopped: bool) -> bool {
        self.queue_stopped.swap(stopped, Ordering::Relaxed)
    }

    /// Why nothing can be written; none: it can. Gives what was so before.
    pub(crate) fn writer(&self, reason: Option<String>) -> Option<String> {
        std::mem::replace(&mut *lock(&self.writer), reason)
    }

    /// Why the state store cannot be written; none: it can.
    pub(crate) fn store(&self, reason: Option<String>) {
        *lock(&self.store) = reason;
    }

    /// Whether nothing can be written.
    pub(crate) fn writer_fails(&self) -> bool {
        lock(&self.writer).is_some()
    }
}

impl Condition for Health {
    fn serves(&self) -> bool {
        self.begun.serves() && !self.writer_fails()
    }

    fn degraded(&self) -> Vec<String> {
        let writer = lock(&self.writer).as_ref().map(|reason| format!("writer: {reason}"));
        let store = lock(&self.store).as_ref().map(|reason| format!("state store: {reason}"));
        let queue = self.queue_stopped.load(Ordering::Relaxed).then(|| "asynchronous commands".to_owned());
        writer.into_iter().chain(store).chain(queue).collect()
    }
}

fn lock(reason: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    reason.lock().unwrap_or_else(PoisonError::into_inner)
}
