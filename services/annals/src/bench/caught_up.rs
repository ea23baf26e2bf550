//! Waiting for those who follow the log.

use std::time::Duration;

use annals_core::{
    Catalog, Position,
    bus::{Failure, Query, ReactorRequest, ViewRequest},
    index::{IndexQuery, IndexRequest},
    log::Log,
};
use annals_nats::Bus;
use anyhow::{Context, bail};
use futures_util::future::try_join_all;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{Bench, system::System};

/// The events index, which the projector keeps beside the views.
pub(crate) const INDEX: &str = "events";

/// What takes longer never gets there.
const CATCH_UP_TIMEOUT: Duration = Duration::from_mins(10);

/// How long one question waits, in milliseconds. It is answered as soon as the view or the reactor is there.
const WAIT_MS: u64 = 60_000;

/// Before those who are not there yet are asked again.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The names of all views, and of the index.
pub(crate) fn all_views(catalog: &Catalog) -> Vec<&'static str> {
    catalog.projections().map(|projection| projection.view).chain([INDEX]).collect()
}

/// Comes back when each of these views shows everything up to a position. The projector may only just be
/// starting.
///
/// # Errors
/// When one cannot get there.
pub(crate) async fn shown(bus: &Bus, views: &[&str], position: Position) -> anyhow::Result<()> {
    all(views.iter().map(|view| until(view, async move || show(bus, view, position).await))).await
}

/// Asks for something that needs everything up to a position.
async fn show(bus: &Bus, view: &str, position: Position) -> Result<(), Failure> {
    let (min_position, wait_ms) = (Some(position), WAIT_MS);
    if view == INDEX {
        let query = IndexQuery::Event { id: Uuid::nil() };
        return bus.index(&IndexRequest { query, min_position, wait_ms }).await.map(drop);
    }
    let query = Query::Rows { filters: Vec::new(), limit: 1, cursor: None };
    bus.view(view, &ViewRequest { query, min_position, wait_ms }).await.map(drop)
}

/// Comes back when views and reactors have dealt with everything, and with what came of it.
///
/// # Errors
/// When one cannot get there.
pub(crate) async fn settled(bench: &Bench, system: &System) -> anyhow::Result<()> {
    let (log, bus) = (system.log().await?, system.nats().await?.bus());
    loop {
        let end = log.end().await?;
        reacted(&bus, &bench.catalog, end).await?;
        shown(&bus, &all_views(&bench.catalog), end).await?;
        if log.end().await? == end {
            return Ok(());
        }
    }
}

/// Comes back when each reactor has done what it does about everything up to a position.
///
/// # Errors
/// When one cannot get there.
async fn reacted(bus: &Bus, catalog: &Catalog, position: Position) -> anyhow::Result<()> {
    all(catalog.reactors().map(|reactor| {
        let request = ReactorRequest { min_position: Some(position), wait_ms: WAIT_MS };
        until(reactor.name, async move || bus.reactor(reactor.name, &request).await.map(drop))
    }))
    .await
}

async fn all(each: impl Iterator<Item = impl Future<Output = anyhow::Result<()>>>) -> anyhow::Result<()> {
    timeout(CATCH_UP_TIMEOUT, try_join_all(each)).await.context("it takes too long to the log's end")??;
    Ok(())
}

async fn until(name: &str, ask: impl AsyncFn() -> Result<(), Failure>) -> anyhow::Result<()> {
    while let Err(failure) = ask().await {
        if !matches!(failure, Failure::Unavailable { .. } | Failure::ProjectionBehind { .. }) {
            bail!("{name} does not get to the log's end: {failure:?}");
        }
        sleep(POLL_INTERVAL).await;
    }
    Ok(())
}
