//! Rules told as stories: given what has happened, when this is asked, then that happens.
//!
//! ```ignore
//! Account::given([opened(), deposited(100)])
//!     .when(withdraw(101))
//!     .refused(Refusal::InsufficientFunds { balance: cents(100), amount: cents(101) });
//! ```

use std::fmt::Debug;

use crate::{Decider, erased};

/// A history.
#[derive(Debug)]
pub struct Given<D>(D);

/// What came of a command.
#[derive(Debug)]
pub struct When<D: Decider>(Result<Vec<D::Event>, D::Refusal>);

/// Begins a story.
pub trait Story: Decider {
    /// What has happened. Every event is written and read again, as the log would.
    fn given(history: impl IntoIterator<Item = Self::Event>) -> Given<Self> {
        Given(
            history
                .into_iter()
                .map(|event| stored::<Self>(&event))
                .fold(Self::default(), |state, event| state.evolve(&event)),
        )
    }
}

impl<D: Decider> Story for D {}

impl<D: Decider> Given<D> {
    /// What is asked.
    pub fn when(self, command: D::Command) -> When<D> {
        When(self.0.decide(command))
    }

    /// Where the history leads.
    pub fn state(self) -> D {
        self.0
    }
}

impl<D: Decider<Event: PartialEq + Debug, Refusal: PartialEq>> When<D> {
    /// What happens.
    ///
    /// # Panics
    /// When something else does.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) {
        let events = self.0.expect("the command is not refused");
        assert_eq!(events, expected.into_iter().collect::<Vec<_>>());
        assert_eq!(events, events.iter().map(stored::<D>).collect::<Vec<_>>(), "as stored");
    }

    /// Nothing happens, and nobody minds.
    ///
    /// # Panics
    /// When something does.
    #[track_caller]
    pub fn nothing(self) {
        self.then([]);
    }

    /// Why it is refused.
    ///
    /// # Panics
    /// When it is not, or for another reason.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // reads better where it is used
    pub fn refused(self, expected: D::Refusal) {
        match self.0 {
            Ok(events) => panic!("not refused: {events:?}"),
            Err(refusal) => assert_eq!(refusal, expected),
        }
    }
}

fn stored<D: Decider>(event: &D::Event) -> D::Event {
    erased::write::<D>(event).expect("what is written can be read").1
}
