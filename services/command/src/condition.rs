//! How the service is: it serves from its beginning on, even while nothing is taken out of the queue.

use std::sync::atomic::{AtomicBool, Ordering};

use annals_chassis::health::{Begun, Condition};

/// Whether it has begun, and whether it gets on with the commands that nobody waits for.
#[derive(Debug, Default)]
pub(crate) struct Working {
    pub begun: Begun,
    stands_still: AtomicBool,
}

impl Working {
    /// Whether nothing is taken out of the queue. Gives what was so before.
    pub(crate) fn stands_still(&self, does: bool) -> bool {
        self.stands_still.swap(does, Ordering::Relaxed)
    }
}

impl Condition for Working {
    fn serves(&self) -> bool {
        self.begun.serves()
    }

    fn degraded(&self) -> Vec<String> {
        let stands_still = self.stands_still.load(Ordering::Relaxed);
        stands_still.then(|| "asynchronous commands".to_owned()).into_iter().collect()
    }
}
