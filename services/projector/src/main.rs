//! The projector as a process of its own.

use annals_chassis::{config, probe, shutdown, telemetry};
use annals_projector::{Config, run};
use clap::Parser;

/// The projector of Annals.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    check: config::CheckArgs,
    #[command(flatten)]
    log: config::LogArgs,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    if cli.check.check {
        return Ok(probe::ready(cli.config.health.health).await?);
    }
    telemetry::init(cli.log.log);
    run(cli.config, annals_domains::catalog(), shutdown::signal()).await
}
