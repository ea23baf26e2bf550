//! cqrs-es on PostgreSQL by postgres-es: its tables, its `postgres_cqrs`, and its pool but for the number of
//! connections.

use anyhow::Result;
use postgres_es::{PostgresEventRepository, postgres_cqrs};
use sqlx::{Executor, postgres::PgPoolOptions};

use crate::cqrs::Cqrs;

/// `db/init.sql` of postgres-es, less the tables of snapshots and views.
const SCHEMA: &str = "
    create table events (
        aggregate_type text                         not null,
        aggregate_id   text                         not null,
        sequence       bigint check (sequence >= 0) not null,
        event_type     text                         not null,
        event_version  text                         not null,
        payload        json                         not null,
        metadata       json                         not null,
        primary key (aggregate_type, aggregate_id, sequence)
    )";

/// Makes the tables in the database that the connection string names.
pub async fn connect(at: &str, connections: usize, accounts: usize) -> Result<Cqrs<PostgresEventRepository>> {
    let pool = PgPoolOptions::new().max_connections(connections.try_into()?).connect(at).await?;
    pool.execute(SCHEMA).await?;
    let repository = PostgresEventRepository::new(pool.clone());
    Ok(Cqrs::new(postgres_cqrs(pool, vec![], ()), repository, accounts))
}
