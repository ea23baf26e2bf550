//! Options that services share. A flag wins over the environment, the environment over the default.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

/// Where NATS is.
#[derive(Debug, Clone, Args)]
pub struct NatsArgs {
    /// The URL of the NATS server, or those of a cluster's servers with commas between them.
    #[arg(long, env = "ANNALS_NATS", default_value = "nats://127.0.0.1:4222")]
    pub nats: String,
    /// The URL of its monitoring endpoint, to see whether acknowledged means on disk.
    #[arg(long, env = "ANNALS_NATS_MONITOR")]
    pub nats_monitor: Option<String>,
}

/// How to log.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// The form of log lines.
    #[arg(long, env = "ANNALS_LOG", value_enum, default_value_t, global = true)]
    pub log: LogFormat,
}

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    #[default]
    Text,
    /// A line for machines, with every id in full.
    Json,
}

/// Where to say how the service is.
#[derive(Debug, Clone, Default, Args)]
pub struct HealthArgs {
    /// Where to answer /livez, /readyz and /metrics; left out: nowhere.
    #[arg(long, env = "ANNALS_HEALTH")]
    pub health: Option<SocketAddr>,
}

/// To ask instead of to serve.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Ask the running service whether it is ready; ends with 0 if it is, with 1 and a sentence if not.
    #[arg(long)]
    pub check: bool,
}
