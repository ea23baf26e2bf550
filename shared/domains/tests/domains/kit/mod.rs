//! What the domains are tested with: a log in memory, real files, and no service.

mod history;
mod random;
mod reactions;
mod views;

pub use history::{History, read, time, written};
pub use random::{Order, after, events};
pub use reactions::{Chores, notice, reactions};
pub use views::{rows, shown};
