//! The account workload of `annals bench commands`, on the event stores that a Rust team would pick instead.
//! One run of this program is one round of one peer: a store of its own, 1,000 accounts, deposits at random
//! accounts with so many in flight, then proof that the store holds what it acknowledged. `./run` starts the
//! servers, takes the rounds in turns and compares.

mod check;
mod cqrs;
mod lanes;
mod load;
mod peer;
mod peers;
mod round;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::peers::{cqrs_postgres, cqrs_sqlite, postgres::Postgres, uma::Uma};

/// One round of one peer, printed as JSON.
#[derive(Parser)]
struct Options {
    /// Which store.
    #[arg(value_enum)]
    peer: Name,
    /// Where it is: a connection string, a URL, or for SQLite a file that is created.
    #[arg(long)]
    at: String,
    /// How many connections to it are kept open.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// How many deposits are in flight, one point after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32, 128, 1024])]
    in_flight: Vec<usize>,
    /// The same for points of which every deposit is at one account.
    #[arg(long, value_delimiter = ',')]
    hot: Vec<usize>,
    /// How many accounts there are.
    #[arg(long, default_value_t = 1000)]
    accounts: usize,
    /// How long each point is measured, in seconds.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// How long each point runs before it is measured, in seconds.
    #[arg(long, default_value_t = 1.0)]
    warm_up_seconds: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    Postgres,
    PostgresGrouped,
    CqrsPostgres,
    CqrsSqlite,
    Umadb,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { peer, at, connections, in_flight, hot, accounts, seconds, warm_up_seconds } =
        Options::parse();
    let plan = round::Plan {
        accounts,
        in_flight,
        hot,
        measured: Duration::from_secs_f64(seconds),
        warm_up: Duration::from_secs_f64(warm_up_seconds),
    };
    let report = match peer {
        Name::Postgres => round::run(Postgres::connect(&at, connections, accounts).await?, &plan).await?,
        Name::PostgresGrouped => {
            round::run(Postgres::connect(&at, connections, accounts).await?.grouped(), &plan).await?
        }
        Name::CqrsPostgres => {
            round::run(cqrs_postgres::connect(&at, connections, accounts).await?, &plan).await?
        }
        Name::CqrsSqlite => round::run(cqrs_sqlite::open(&at, connections, accounts).await?, &plan).await?,
        Name::Umadb => round::run(Uma::connect(&at, connections, accounts).await?, &plan).await?,
    };
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
