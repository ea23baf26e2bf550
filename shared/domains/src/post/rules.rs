//! What may be asked of a post, and what comes of it.

use annals_core::{Decider, values::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a post says: 1 to 280 characters.
pub type Content = Text<280>;

/// A post, from before it is published until after it is deleted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum Post {
    /// Nobody has published it yet.
    #[default]
    Unpublished,
    /// Everybody can read it.
    Published { author: Text, content: Content },
    /// For good.
    Deleted { author: Text },
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Shows it to everybody.
    Publish { author: Text, content: Content },
    /// Takes it away again.
    Delete {},
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// The post was published.
    PostPublished { author: Text, content: Content },
    /// The post was deleted. Whose it was is told again, for those who look at this event alone.
    PostDeleted { author: Text },
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It is there already, perhaps with other words.
    #[error("The post is published already.")]
    AlreadyPublished,
    /// It was there, and does not come back.
    #[error("The post was deleted and cannot be published again.")]
    Deleted,
    /// It never was there.
    #[error("The post is not published.")]
    NotPublished,
}

impl Decider for Post {
    const NAME: &'static str = "post";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        match (self, command) {
            (Self::Unpublished, Command::Publish { author, content }) => {
                Ok(vec![Event::PostPublished { author, content }])
            }
            (Self::Published { .. }, Command::Publish { .. }) => Err(Refusal::AlreadyPublished),
            (Self::Deleted { .. }, Command::Publish { .. }) => Err(Refusal::Deleted),

            (Self::Unpublished, Command::Delete {}) => Err(Refusal::NotPublished),
            (Self::Published { author, .. }, Command::Delete {}) => {
                Ok(vec![Event::PostDeleted { author: author.clone() }])
            }
            (Self::Deleted { .. }, Command::Delete {}) => Ok(vec![]),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match event.clone() {
            Event::PostPublished { author, content } => Self::Published { author, content },
            Event::PostDeleted { author } => Self::Deleted { author },
        }
    }
}

#[cfg(test)]
mod tests {
    use annals_core::testing::Story;
    use serde_json::json;

    use super::*;

    fn ada() -> Text {
        "Ada".parse().unwrap()
    }

    fn content(text: &str) -> Content {
        text.parse().unwrap()
    }

    fn publish(text: &str) -> Command {
        Command::Publish { author: ada(), content: content(text) }
    }

    fn published(text: &str) -> Event {
        Event::PostPublished { author: ada(), content: content(text) }
    }

    fn deleted() -> Event {
        Event::PostDeleted { author: ada() }
    }

    #[test]
    fn a_post_is_published_once() {
        Post::given([]).when(publish("Hello")).then([published("Hello")]);
        for text in ["Hello", "Something else"] {
            Post::given([published("Hello")]).when(publish(text)).refused(Refusal::AlreadyPublished);
        }
    }

    #[test]
    fn a_deleted_post_does_not_come_back() {
        Post::given([published("Hello"), deleted()]).when(publish("Hello")).refused(Refusal::Deleted);
    }

    #[test]
    fn what_is_deleted_tells_whose_it_was() {
        Post::given([published("Hello")]).when(Command::Delete {}).then([deleted()]);
    }

    #[test]
    fn only_what_was_published_can_be_deleted() {
        Post::given([]).when(Command::Delete {}).refused(Refusal::NotPublished);
    }

    #[test]
    fn deleting_twice_is_deleting_once() {
        Post::given([published("Hello"), deleted()]).when(Command::Delete {}).nothing();
    }

    #[test]
    fn a_post_has_1_to_280_characters() {
        for fits in ["!".to_owned(), "ü".repeat(280), format!(" {} ", "x".repeat(280))] {
            assert!(fits.parse::<Content>().is_ok(), "{fits}");
        }
        for other in [String::new(), " \n\t".into(), "x".repeat(281), "🐢".repeat(281)] {
            assert!(other.parse::<Content>().is_err(), "{other}");
        }
    }

    #[test]
    fn people_read_the_state_as_json() {
        let shown = |history: &[Event]| serde_json::to_value(Post::given(history.to_vec()).state()).unwrap();

        assert_eq!(shown(&[]), json!({ "status": "unpublished" }));
        assert_eq!(
            shown(&[published("Hello")]),
            json!({ "status": "published", "author": "Ada", "content": "Hello" })
        );
        assert_eq!(shown(&[published("Hello"), deleted()]), json!({ "status": "deleted", "author": "Ada" }));
    }
}
