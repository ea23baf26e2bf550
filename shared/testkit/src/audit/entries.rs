//! Atomic batches, as the log shows them.

use std::fmt;

use super::{Violations, reader::Reader};

/// A message's place in the batch that it was stored with.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub batch: String,
    /// Counts from 1.
    pub number: u64,
    /// Whether the batch ends with it.
    pub is_last: bool,
}

/// The atomic batches of a log.
#[derive(Debug, Default)]
pub struct Batches {
    /// Those of which all is there.
    whole: u64,
    /// How many messages are in the largest one.
    largest: u64,
    /// Where the last message belongs, if its batch goes on.
    open: Option<Member>,
}

impl Batches {
    /// Reads the whole log of a nats-server.
    ///
    /// # Errors
    /// When a batch is not there as a whole, or with something in between.
    pub async fn read(nats_url: &str) -> Result<Self, String> {
        let mut reader = Reader::open(nats_url).await;
        let (end, mut position) = (reader.end().await, 0);
        let (mut batches, mut violations) = (Self::default(), Violations::default());
        while position < end {
            let stored = reader.next().await;
            position = stored.position;
            batches.take(position, stored.member, &mut violations);
        }
        batches.end(&mut violations);
        violations.verdict().map(|()| batches)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.whole
    }

    /// How many messages the largest one has.
    #[must_use]
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// Whether the last message's batch goes on.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The next message of the log.
    pub(crate) fn take(&mut self, position: u64, member: Option<Member>, violations: &mut Violations) {
        let before = self.open.take();
        let (batch, number) = member.as_ref().map_or(("", 0), |it| (it.batch.as_str(), it.number));
        let goes_on = before.as_ref().is_some_and(|it| it.batch == batch && it.number + 1 == number);
        violations.unless(goes_on || before.is_none(), || format!("at {position}: {before:?} has no end"));
        violations.unless(goes_on || number <= 1, || format!("at {position}: {member:?} has no beginning"));
        match member {
            Some(member) if !member.is_last => self.open = Some(member),
            Some(member) => {
                self.whole += 1;
                self.largest = self.largest.max(member.number);
            }
            None => {}
        }
    }

    /// The log ends here.
    pub(crate) fn end(&self, violations: &mut Violations) {
        violations.unless(self.open.is_none(), || format!("at the end: {:?} has no end", self.open));
    }
}

impl fmt::Display for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} batches of up to {}", self.whole, self.largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of messages of which some are in batches: (batch, number, whether it is the last).
    fn violations(log: &[Option<(&str, u64, bool)>]) -> usize {
        let (mut batches, mut violations) = (Batches::default(), Violations::default());
        for (position, member) in (1..).zip(log) {
            let member =
                member.map(|(batch, number, is_last)| Member { batch: batch.into(), number, is_last });
            batches.take(position, member, &mut violations);
        }
        batches.end(&mut violations);
        violations.count
    }

    #[test]
    fn what_is_whole_is_not_complained_about() {
        let (first, last) = (Some(("a", 1, false)), Some(("a", 2, true)));
        assert_eq!(violations(&[None, first, last, Some(("b", 1, true)), None]), 0);
    }

    #[test]
    fn a_batch_that_is_there_in_part_is_noticed() {
        let [first, second, last] = [(1, false), (2, false), (3, true)].map(|(n, last)| Some(("a", n, last)));
        for broken in [
            &[first, second][..],
            &[first, None, second, last],
            &[first, last],
            &[second, last],
            &[last, None],
            &[first, second, Some(("b", 3, true))],
            &[first, second, Some(("b", 1, true))],
        ] {
            assert_ne!(violations(broken), 0, "{broken:?}");
        }
    }
}
