//! Group commit by hand: whoever comes while an insert is under way waits, and goes into the next one with all others.

use std::{collections::HashSet, sync::Arc};

use anyhow::{Context, Result, anyhow, ensure};
use deadpool_postgres::Pool;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::types::Json;

use super::postgres::Row;

/// At most this many rows in one insert, as many messages as an atomic batch of JetStream takes.
const AT_MOST: usize = 1000;

const APPEND_ALL: &str = "
    insert into events (stream, version, kind, data)
    select * from unnest($1::text[], $2::bigint[], $3::text[], $4::json[])
    on conflict (stream, version) do nothing
    returning stream";

/// A row, and who waits for it.
struct Waiting {
    row: Row,
    stored: oneshot::Sender<bool>,
}

/// Where rows wait for the next insert.
pub struct Group(mpsc::Sender<Waiting>);

impl Group {
    /// With as many inserts at once as the pool has connections.
    pub fn new(pool: &Pool) -> Self {
        let (sender, receiver) = mpsc::channel(2 * AT_MOST);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..pool.status().max_size {
            tokio::spawn(insert_what_comes(pool.clone(), Arc::clone(&receiver)));
        }
        Self(sender)
    }

    /// Returns when the row is on disk.
    pub async fn append(&self, row: Row) -> Result<()> {
        let (stored, answer) = oneshot::channel();
        self.0.send(Waiting { row, stored }).await.map_err(|_| anyhow!("nobody inserts any more"))?;
        ensure!(answer.await.context("the insert failed")?, "another event has this version");
        Ok(())
    }
}

async fn insert_what_comes(pool: Pool, receiver: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    loop {
        let mut group = Vec::new();
        if receiver.lock().await.recv_many(&mut group, AT_MOST).await == 0 {
            return;
        }
        match insert(&pool, &group).await {
            Ok(stored) => {
                for it in group {
                    let is_stored = stored.contains(&it.row.stream);
                    it.stored.send(is_stored).ok(); // who no longer waits does not want to know
                }
            }
            Err(error) => eprintln!("insert of {} rows: {error:#}", group.len()), // dropping them says so to each
        }
    }
}

/// The streams whose row was stored. No stream has two in a group: its lane lets one in at a time.
async fn insert(pool: &Pool, group: &[Waiting]) -> Result<HashSet<String>> {
    let client = pool.get().await?;
    let append = client.prepare_cached(APPEND_ALL).await?;
    let streams: Vec<&str> = group.iter().map(|it| it.row.stream.as_str()).collect();
    let versions: Vec<i64> = group.iter().map(|it| it.row.version).collect();
    let kinds: Vec<&str> = group.iter().map(|it| it.row.kind).collect();
    let data: Vec<Json<&_>> = group.iter().map(|it| Json(&it.row.data)).collect();
    let stored = client.query(&append, &[&streams, &versions, &kinds, &data]).await?;
    Ok(stored.iter().map(|row| row.get(0)).collect())
}
