//! The gateway as a process of its own.

use std::net::SocketAddr;

use annals_chassis::{
    config::{LogArgs, NatsArgs},
    shutdown, telemetry,
};
use annals_gateway::{Config, run};
use clap::Parser;

/// The gateway of Annals.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Where to listen.
    #[arg(long, env = "ANNALS_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    #[command(flatten)]
    nats: NatsArgs,
    #[command(flatten)]
    log: LogArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { listen, nats: NatsArgs { nats, nats_monitor }, log } = Cli::parse();
    telemetry::init(log.log);
    run(Config { listen, nats, nats_monitor }, annals_domains::catalog(), shutdown::signal()).await
}
