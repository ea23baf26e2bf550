//! For tests: a nats-server of their own, and the whole system as real processes.
//!
//! Nothing is shared between tests: each has its own server, ports and files, and leaves none of them.

mod answer;
mod append;
mod audit;
mod binary;
mod browser;
mod call;
mod client;
mod cluster;
mod eventually;
mod live;
mod load;
mod nats;
mod ports;
mod process;
mod proxy;
mod raw;
mod service;
mod system;
mod three_nodes;

pub use answer::Answer;
pub use append::append;
pub use audit::{Entries, Evidence, Interruption};
pub use binary::{cargo, target_folder};
pub use browser::Browser;
pub use call::Call;
pub use client::Client;
pub use cluster::Cluster;
pub use eventually::{Seen, eventually, eventually_within};
pub use live::{Block, Live};
pub use load::{Acknowledged, Ledger, Load, Pace, Plan, Transfers, email};
pub use nats::{TestNats, nats};
pub use process::Ended;
pub use proxy::{Acknowledgements, Held, Moment, Proxy};
pub use raw::raw;
pub use reqwest::{Method, header};
pub use service::{Instance, Service};
pub use system::System;
pub use three_nodes::{ThreeNodes, three_nodes};
