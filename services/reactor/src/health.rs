//! What reactors cannot do at the moment, for `/readyz`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use annals_chassis::health::{Begun, Condition};
use annals_core::Address;

/// The health of all reactors of this process. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health {
    begun: Arc<Begun>,
    reactors: Arc<Mutex<BTreeMap<&'static str, Obstacles>>>,
}

#[derive(Debug, Default)]
struct Obstacles {
    /// Why it cannot continue at all.
    blocked: Option<String>,
    /// Commits that it cannot react to, and why. It continues with others.
    stuck: BTreeMap<Address, String>,
}

impl Health {
    /// The service can do its work from now on.
    pub(crate) fn begin(&self) {
        self.begun.now();
    }

    /// The reactor cannot continue. False if that was known.
    pub(crate) fn block(&self, reactor: &'static str, reason: &str) -> bool {
        self.all().entry(reactor).or_default().blocked.replace(reason.into()).is_none()
    }

    /// The reactor continues. True if it was blocked.
    pub(crate) fn unblock(&self, reactor: &'static str) -> bool {
        self.all().entry(reactor).or_default().blocked.take().is_some()
    }

    /// The reactor cannot react to a commit.
    pub(crate) fn stuck(&self, reactor: &'static str, commit: Address, reason: String) {
        self.all().entry(reactor).or_default().stuck.insert(commit, reason);
    }

    /// It can now.
    pub(crate) fn unstuck(&self, reactor: &'static str, commit: Address) {
        if let Some(obstacles) = self.all().get_mut(reactor) {
            obstacles.stuck.remove(&commit);
        }
    }

    /// Another instance works on the reactor.
    pub(crate) fn forget(&self, reactor: &'static str) {
        self.all().remove(reactor);
    }

    /// Whether something is in the way of a reactor.
    pub(crate) fn is_degraded(&self, reactor: &str) -> bool {
        self.all().get(reactor).is_some_and(|it| it.blocked.is_some() || !it.stuck.is_empty())
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, Obstacles>> {
        self.reactors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Condition for Health {
    fn serves(&self) -> bool {
        self.begun.serves()
    }

    fn degraded(&self) -> Vec<String> {
        let reason = |(reactor, obstacles): (&&str, &Obstacles)| {
            if let Some(reason) = &obstacles.blocked {
                return Some(format!("reactor {reactor} is blocked: {reason}"));
            }
            let (address, reason) = obstacles.stuck.first_key_value()?;
            let position = address.position();
            Some(match obstacles.stuck.len() - 1 {
                0 => format!("reactor {reactor}: position {position}: {reason}"),
                more => format!("reactor {reactor}: position {position}: {reason}, and {more} more"),
            })
        };
        self.all().iter().filter_map(reason).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_until_they_are_gone() {
        let health = Health::default();
        assert!(health.block("welcome", "no log"));
        assert!(!health.block("welcome", "no log"));
        health.stuck("delivery", Address::new(7, 0), "odd".into());
        health.stuck("delivery", Address::new(9, 1), "odd".into());
        assert_eq!(
            health.degraded(),
            ["reactor delivery: position 7: odd, and 1 more", "reactor welcome is blocked: no log"]
        );
        assert!(health.is_degraded("welcome") && health.is_degraded("delivery"));
        assert!(!health.is_degraded("other"));

        assert!(health.unblock("welcome"));
        assert!(!health.unblock("welcome"));
        health.unstuck("delivery", Address::new(7, 0));
        assert_eq!(health.degraded(), ["reactor delivery: position 9: odd"]);
        health.forget("delivery");
        assert!(health.degraded().is_empty());
    }
}
