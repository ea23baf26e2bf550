//! What an event takes of the log's disk, if its data take 30 bytes: of deposits, 128 on their way.

use std::{fs, io, path::Path};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::bench::{
    Bench,
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{ACCOUNTS, Accounts, give},
};

/// Deposits that are on their way at the same time.
const IN_FLIGHT: usize = 128;

/// Cents: `{"amount":100,"balance":1000}` takes 29 bytes.
const AMOUNT: u64 = 100;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let deposits = if bench.quick { 2_000 } else { 50_000 };
    let home = bench.directory.fresh()?;
    let measure = async |system: &System| {
        let fill = async |writer: &_| {
            let accounts = Accounts::open(writer, ACCOUNTS).await?;
            let before = bytes_in(&home.path().join("nats"))?;
            let data = serde_json::json!({ "amount": AMOUNT });
            let all = stream::iter(0..deposits);
            let all = all.map(|_| give(writer, accounts.any(), "deposit", data.clone()));
            all.buffer_unordered(IN_FLIGHT).try_for_each(async |_| Ok(())).await?;
            Ok(bytes_in(&home.path().join("nats"))?.saturating_sub(before))
        };
        let grown = Box::pin(system.with_writer(bench, &system.memory(), fill)).await?;
        Ok(vec![Sample::share(Figure::new("disk", Unit::Bytes), grown, deposits)])
    };
    System::over(home.path(), bench, Needs::Log, measure).await
}

/// What all files there hold.
fn bytes_in(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let of_entry = if entry.file_type()?.is_dir() {
            bytes_in(&entry.path())
        } else {
            entry.metadata().map(|metadata| metadata.len())
        };
        bytes += match of_entry {
            Ok(of_entry) => of_entry,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0, // the server has just removed it
            Err(error) => return Err(error),
        };
    }
    Ok(bytes)
}
