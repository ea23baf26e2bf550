//! PostgreSQL by hand: one table, `unique (stream, version)`, a pool of connections with prepared statements. What
//! an account is stands in memory, so a command is one round trip; after a failure it is loaded again.

use anyhow::{Context, Result};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use serde::Serialize;
use tokio_postgres::{Config, NoTls, types::Json};

use super::group::Group;
use crate::{
    lanes::Lanes,
    peer::{Peer, Recorded, stream},
};

const SCHEMA: &str = "
    create table events (
        position    bigint      generated always as identity primary key,
        stream      text        not null,
        version     bigint      not null,
        kind        text        not null,
        data        json        not null,
        recorded_at timestamptz not null default now(),
        unique (stream, version)
    )";
const APPEND: &str = "insert into events (stream, version, kind, data) values ($1, $2, $3, $4)";
const LAST: &str = "
    select version, (data ->> 'balance')::bigint from events where stream = $1 order by version desc limit 1";
const ALL: &str = "
    select version, (data ->> 'balance')::bigint from events where stream = $1 order by version";

/// A table of events in PostgreSQL.
pub struct Postgres {
    pool: Pool,
    group: Option<Group>,
    lanes: Lanes<Option<Recorded>>,
}

/// A row to be.
pub struct Row {
    /// Whose event it is.
    pub stream: String,
    /// Which one of the stream.
    pub version: i64,
    /// What happened.
    pub kind: &'static str,
    /// With what.
    pub data: Data,
}

/// What an event carries.
#[derive(Debug, Serialize)]
pub struct Data {
    amount: i64,
    balance: i64,
}

impl Postgres {
    /// Makes the table in the database that the connection string names.
    pub async fn connect(at: &str, connections: usize, accounts: usize) -> Result<Self> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(at.parse::<Config>()?, NoTls, recycling);
        let pool = Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1).build()?;
        pool.get().await?.batch_execute(SCHEMA).await?;
        Ok(Self { pool, group: None, lanes: Lanes::new(accounts) })
    }

    /// The same, with what waits at the same time in one insert.
    pub fn grouped(self) -> Self {
        Self { group: Some(Group::new(&self.pool)), ..self }
    }

    async fn append(&self, account: usize, kind: &'static str, amount: i64, next: Recorded) -> Result<()> {
        let data = Data { amount, balance: next.balance };
        let row = Row { stream: stream(account), version: next.version, kind, data };
        match &self.group {
            Some(group) => group.append(row).await,
            None => insert(&self.pool, row).await,
        }
    }

    async fn load(&self, account: usize) -> Result<Recorded> {
        let client = self.pool.get().await?;
        let last = client.prepare_cached(LAST).await?;
        let row = client.query_opt(&last, &[&stream(account)]).await?;
        Ok(recorded(&row.context("there is no such account")?))
    }
}

impl Peer for Postgres {
    async fn open(&self, account: usize) -> Result<()> {
        let mut remembered = self.lanes.enter(account).await;
        let opened = Recorded { version: 1, balance: 0 };
        self.append(account, "account-opened", 0, opened).await?;
        *remembered = Some(opened);
        Ok(())
    }

    async fn deposit(&self, account: usize) -> Result<()> {
        let mut remembered = self.lanes.enter(account).await;
        let state = match remembered.take() {
            Some(state) => state,
            None => self.load(account).await?,
        };
        let next = Recorded { version: state.version + 1, balance: state.balance + 1 };
        self.append(account, "money-deposited", 1, next).await?;
        *remembered = Some(next);
        Ok(())
    }

    async fn history(&self, account: usize) -> Result<Vec<Recorded>> {
        let client = self.pool.get().await?;
        let all = client.prepare_cached(ALL).await?;
        Ok(client.query(&all, &[&stream(account)]).await?.iter().map(recorded).collect())
    }
}

async fn insert(pool: &Pool, Row { stream, version, kind, data }: Row) -> Result<()> {
    let client = pool.get().await?;
    let append = client.prepare_cached(APPEND).await?;
    client.execute(&append, &[&stream, &version, &kind, &Json(data)]).await?;
    Ok(())
}

fn recorded(row: &tokio_postgres::Row) -> Recorded {
    Recorded { version: row.get(0), balance: row.get(1) }
}
