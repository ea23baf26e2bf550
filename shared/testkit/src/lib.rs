//! For tests: a nats-server of their own, and the whole system as a real process.
//!
//! Nothing is shared between tests: each has its own server, ports and files, and leaves none of them.

mod answer;
mod binary;
mod call;
mod eventually;
mod nats;
mod output;
mod proxy;
mod raw;
mod system;

pub use answer::Answer;
pub use call::Call;
pub use eventually::{Seen, eventually, eventually_within};
pub use nats::{TestNats, nats};
pub use proxy::{Acknowledgements, Proxy};
pub use raw::raw;
pub use reqwest::{Method, header};
pub use system::System;
