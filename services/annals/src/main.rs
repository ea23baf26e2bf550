//! `annals`: all services in one process, and the operator's tools.

use annals::cli::{Cli, Tool};
use clap::Parser;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let shutdown = annals_chassis::shutdown::signal();
    match cli.tool {
        Tool::Up(options) => {
            annals_chassis::telemetry::init(cli.log.log);
            annals::up::up(options, annals_domains::catalog(), shutdown).await
        }
        Tool::Bench(options) => {
            annals::bench::run(options, cli.log.log, annals_domains::catalog(), shutdown).await
        }
    }
}
