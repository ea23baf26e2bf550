//! What reactors cannot do at the moment, for `/readyz`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use annals_core::Position;

/// The troubles of all reactors of this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<BTreeMap<&'static str, Troubled>>>);

#[derive(Debug, Default)]
struct Troubled {
    /// Why it is given nothing at all.
    still: Option<String>,
    /// Commits that it cannot act on, and why.
    stuck: BTreeMap<Position, String>,
}

impl Trouble {
    /// The reactor is given nothing. False if that was known.
    pub(crate) fn stands_still(&self, reactor: &'static str, reason: &str) -> bool {
        self.all().entry(reactor).or_default().still.replace(reason.into()).is_none()
    }

    /// The reactor is given commits. True if it stood still.
    pub(crate) fn goes_on(&self, reactor: &'static str) -> bool {
        self.all().entry(reactor).or_default().still.take().is_some()
    }

    /// The reactor cannot act on a commit. Other commits go on.
    pub(crate) fn stuck(&self, reactor: &'static str, position: Position, reason: String) {
        self.all().entry(reactor).or_default().stuck.insert(position, reason);
    }

    /// The commit is dealt with, by this instance.
    pub(crate) fn unstuck(&self, reactor: &'static str, position: Position) {
        if let Some(troubled) = self.all().get_mut(reactor) {
            troubled.stuck.remove(&position);
        }
    }

    /// Everything up to here is dealt with, by whichever instance.
    pub(crate) fn settled(&self, reactor: &'static str, floor: Position) {
        if let Some(troubled) = self.all().get_mut(reactor) {
            troubled.stuck = troubled.stuck.split_off(&(floor + 1));
        }
    }

    /// Whether the reactor is in trouble, as far as this instance knows.
    pub(crate) fn is_in(&self, reactor: &str) -> bool {
        self.all().get(reactor).is_some_and(|it| it.still.is_some() || !it.stuck.is_empty())
    }

    /// A sentence for each reactor in trouble.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let all = self.all();
        let sentence = |(reactor, troubled): (&&str, &Troubled)| {
            if let Some(reason) = &troubled.still {
                return Some(format!("reactor {reactor} stands still: {reason}"));
            }
            let (position, reason) = troubled.stuck.first_key_value()?;
            Some(match troubled.stuck.len() - 1 {
                0 => format!("reactor {reactor}: position {position}: {reason}"),
                more => format!("reactor {reactor}: position {position}: {reason}, and {more} more"),
            })
        };
        all.iter().filter_map(sentence).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, Troubled>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_until_it_is_over() {
        let trouble = Trouble::default();
        assert!(trouble.stands_still("welcome", "no log"));
        assert!(!trouble.stands_still("welcome", "no log"));
        trouble.stuck("delivery", 7, "odd".into());
        trouble.stuck("delivery", 9, "odd".into());
        assert_eq!(
            trouble.sentences(),
            ["reactor delivery: position 7: odd, and 1 more", "reactor welcome stands still: no log"]
        );

        assert!(trouble.is_in("welcome") && trouble.is_in("delivery") && !trouble.is_in("other"));

        assert!(trouble.goes_on("welcome"));
        assert!(!trouble.goes_on("welcome"));
        trouble.unstuck("delivery", 7);
        trouble.settled("delivery", 8);
        assert_eq!(trouble.sentences(), ["reactor delivery: position 9: odd"]);
        trouble.settled("delivery", 9);
        assert!(trouble.sentences().is_empty());
        assert!(!trouble.is_in("welcome") && !trouble.is_in("delivery"));
    }
}
