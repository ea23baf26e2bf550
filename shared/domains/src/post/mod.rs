//! Posts, as in a small "twitter". Somebody publishes a few words, and may delete them again. A
//! deleted post is no longer shown; that it was there stays in the log.

mod authors;
mod rules;
mod timeline;

use annals_core::Domain;

pub use rules::{Command, Content, Event, Post, Refusal};

/// Posts, as the services see them.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Post>().shows(timeline::timeline()).shows(authors::authors())
}
