//! From a stream to its aggregate: by a snapshot and what came after it, or from the beginning.

use annals_core::{Category, StreamId, bus::Failure};
use annals_nats::{Log, Scope};

use crate::{aggregate::Aggregate, answer::fault, snapshots::Snapshots};

/// Commits that one read asks for.
const PAGE: usize = 500;

/// Loads an aggregate that nobody has in memory.
pub(crate) async fn load(
    log: &impl Log,
    snapshots: Option<&Snapshots>,
    category: &Category,
    stream: &StreamId,
) -> Result<Aggregate, Failure> {
    if let Some(snapshots) = snapshots
        && let Some(kept) = snapshots.find(category, stream).await
    {
        match resume(log, category, stream, kept).await? {
            Some(aggregate) => {
                count("snapshot");
                return Ok(aggregate);
            }
            None => snapshots.forget(category, stream),
        }
    }
    count("log");
    read_on(log, category, stream, Aggregate::blank(category)).await
}

/// Goes on from a snapshot. None if it is of another log: the commit that it ends with is not there.
/// The one that is names the hash of the one before it, so that all of them are the same.
async fn resume(
    log: &impl Log,
    category: &Category,
    stream: &StreamId,
    mut kept: Aggregate,
) -> Result<Option<Aggregate>, Failure> {
    let scope = Scope::Stream(stream.clone());
    let page = log.read(&scope, kept.position.saturating_sub(1), PAGE + 1).await.map_err(fault)?;
    let Some((same, since)) = page.commits.split_first() else { return Ok(None) };
    if !kept.ends_with(same) {
        return Ok(None);
    }
    for stored in since {
        kept = kept.fold(category, stored)?;
    }
    if page.more { read_on(log, category, stream, kept).await.map(Some) } else { Ok(Some(kept)) }
}

/// Folds what comes after the aggregate's position.
async fn read_on(
    log: &impl Log,
    category: &Category,
    stream: &StreamId,
    mut aggregate: Aggregate,
) -> Result<Aggregate, Failure> {
    let scope = Scope::Stream(stream.clone());
    loop {
        let page = log.read(&scope, aggregate.position, PAGE).await.map_err(fault)?;
        for stored in &page.commits {
            aggregate = aggregate.fold(category, stored)?;
        }
        if !page.more {
            return Ok(aggregate);
        }
    }
}

fn count(from: &'static str) {
    metrics::counter!("annals_aggregate_loads_total", "from" => from).increment(1);
}
