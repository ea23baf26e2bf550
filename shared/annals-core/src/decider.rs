//! The heart of the framework: two functions and a name.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::Upcaster;

/// An aggregate: what may be asked of it, what can happen to it, and the rules between the two.
///
/// Commands, events and refusals are plain enums. Commands and events use struct variants
/// throughout (`Close {}`, not `Close`), so that every one of them is a JSON object on the wire.
///
/// The state of a long stream is kept as JSON, too, so that it need not be folded from its beginning.
pub trait Decider: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Names the category, and with it streams and subjects. Stored for ever: never change it.
    const NAME: &'static str;

    /// Counts the shapes that the state has had. Raise it whenever folding the same events gives
    /// another state than before.
    const REVISION: u32;

    /// Commands (kebab-case) that only reactors may give. HTTP does not know them.
    const INTERNAL: &'static [&'static str] = &[];

    /// Lifts events that were written in an older schema to the present one.
    const UPCASTERS: &'static [Upcaster] = &[];

    /// What may be asked of it, in the imperative.
    type Command: Serialize + DeserializeOwned + JsonSchema + Send + 'static;

    /// What has happened to it, in the past tense.
    type Event: Clone + Serialize + DeserializeOwned + JsonSchema;

    /// Why it may say no, in words that a caller can act on.
    type Refusal: std::error::Error + Serialize + JsonSchema;

    /// Says which events a command leads to, or why it is refused. An empty list is a no-op.
    ///
    /// # Errors
    /// The refusal, when the rules forbid the command in this state.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// Says a refusal to a person, who asked the aggregate `id`.
    #[must_use]
    fn explain(refusal: &Self::Refusal, id: Uuid) -> String {
        let _ = id; // most refusals need not name it
        refusal.to_string()
    }

    /// Takes note of an event. It has happened, so this cannot fail.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;
}
