//! The typed client of Annals, over HTTP.
//!
//! Every command has an idempotency key, so that a time-out, a lost connection or a service that is away
//! is answered by giving it again: it is carried out once. What comes of it is an [`Outcome`], and an
//! [`Error`] says what is safe to repeat.
//!
//! ```no_run
//! use annals_client::{Client, Outcome};
//! use annals_domains::account::{Account, Amount, Command};
//!
//! # #[derive(serde::Deserialize)]
//! # struct Row { balance: u64 }
//! # async fn story(id: uuid::Uuid) -> Result<(), Box<dyn std::error::Error>> {
//! let annals = Client::try_new("http://localhost:8080")?.session();
//! match annals.give::<Account>(id, &Command::Deposit { amount: Amount::try_from(250)? }).await? {
//!     Outcome::Accepted(accepted) => println!("at version {}", accepted.version),
//!     Outcome::Refused(refused) => println!("{}: {}", refused.reason, refused.detail),
//!     Outcome::Problem(problem) => println!("{problem}"),
//! }
//! // In a session a view shows what was done in it.
//! let row: Option<Row> = annals.view("balances").row(&id.to_string()).await?;
//! # Ok(()) }
//! ```

mod answer;
mod ask;
mod client;
mod error;
mod events;
mod give;
mod live;
mod outcome;
mod pages;
mod pending;
mod problem;
mod stream;
mod view;
mod watch;

pub use annals_core::{Address, EventView, Position, Refused, Version, bus::Accepted};
pub use answer::Answer;
pub use client::Client;
pub use error::{Error, Repeat};
pub use events::{EventPage, Events};
pub use give::Give;
pub use live::Live;
pub use outcome::Outcome;
pub use pending::Pending;
pub use problem::Problem;
pub use reqwest;
pub use stream::{AggregateStream, State, StreamPage, When};
pub use view::{Page, View};
