//! What can be said on the command line.

use std::{net::SocketAddr, path::PathBuf};

use annals_chassis::config::LogArgs;
use clap::{Args, Parser, Subcommand};

use crate::bench;

/// Annals keeps what happened: an event-sourced system of small services on NATS JetStream.
#[derive(Debug, Parser)]
#[command(name = "annals", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub tool: Tool,
    /// How to log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Run the whole system: nats-server and all services, until Ctrl-C.
    Up(Up),
    /// Measure how fast it is on this machine, and how fast it could be.
    Bench(bench::Options),
}

/// How to run the whole system.
#[derive(Debug, Args)]
pub struct Up {
    /// The directory that keeps everything: the log, the views and the state store.
    #[arg(long, env = "ANNALS_DATA", default_value = "data", conflicts_with = "ephemeral")]
    pub data: PathBuf,
    /// Keep everything in a temporary directory, gone at the end.
    #[arg(long)]
    pub ephemeral: bool,
    /// Where the gateway listens; port 0 = any free one.
    #[arg(long, env = "ANNALS_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Use the server at this URL instead of starting one.
    #[arg(long, env = "ANNALS_NATS")]
    pub nats: Option<String>,
    /// The monitoring URL of that server, to see whether acknowledged means on disk.
    #[arg(long, env = "ANNALS_NATS_MONITOR", requires = "nats")]
    pub nats_monitor: Option<String>,
}
