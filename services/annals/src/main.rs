//! `annals`: all services in one process, and the operator's tools.

use annals::cli::{Cli, Tool};
use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    annals_chassis::telemetry::init(cli.log.log);
    let shutdown = annals_chassis::shutdown::signal();
    match cli.tool {
        Tool::Up(options) => annals::up::up(options, annals_domains::catalog(), shutdown).await,
    }
}
