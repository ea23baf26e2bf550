//! A register of persons. They are registered once, may come by another name, and retire one day.
//!
//! `PersonRegistered` once held the whole name in one field: `upcasters` is how events outlive the
//! code that wrote them, and `docs/schema-evolution.md` tells the story.

mod directory;
mod rules;
mod upcasters;

pub use rules::{Command, Event, Name, NewName, Person, Refusal};

use annals_core::Domain;

/// The register, as the services see it.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Person>().shows(directory::directory())
}
