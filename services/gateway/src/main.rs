//! The gateway as a process of its own.

use annals_chassis::{config, probe, shutdown, telemetry};
use annals_gateway::{Config, run};
use clap::Parser;

/// The gateway of Annals.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Where to listen.
    #[arg(long, env = "ANNALS_LISTEN", default_value = "127.0.0.1:8080")]
    listen: std::net::SocketAddr,
    #[command(flatten)]
    nats: config::NatsArgs,
    #[command(flatten)]
    check: config::CheckArgs,
    #[command(flatten)]
    log: config::LogArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cli { listen, nats: config::NatsArgs { nats, nats_monitor }, check, log } = Cli::parse();
    if check.check {
        return Ok(probe::ready(listen).await?);
    }
    telemetry::init(log.log);
    run(Config { listen, nats, nats_monitor }, annals_domains::catalog(), shutdown::signal()).await
}
