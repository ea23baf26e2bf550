//! From an empty file to the log's end: `balances` alone, and all views together. Beside it the same log
//! is read by somebody who does nothing with it.

use std::time::Instant;

use annals_nats::{Bare, Log, Scope};

use crate::{
    bench::{
        Bench,
        caught_up::{all_views, shown},
        kept,
        sample::{Figure, Sample, Unit},
        system::{Needs, System},
    },
    services::{Places, Services},
};

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = kept::million(bench);
    let measure = async |system: &System| {
        let read = read(system).await?;
        let balances = views(bench, system, &["balances"], log.events(), "catch-up.balances").await?;
        let everything = system.nats().await?.log().last(&Scope::All).await?;
        let all = views(bench, system, &all_views(&bench.catalog), everything, "catch-up.all").await?;
        Ok(vec![read, balances, all])
    };
    System::over(log.copy(bench).await?.path(), bench, Needs::Log, measure).await
}

async fn read(system: &System) -> anyhow::Result<Sample> {
    let events = Bare::events(&system.nats().await?);
    events.read().await?; // the warm-up: those who come after it find the log in memory, too
    let begun = Instant::now();
    let messages = events.read().await?;
    Ok(Sample::rate(Figure::new("catch-up.read", Unit::PerSecond), messages, begun.elapsed()))
}

/// The time begins with the start of the projector, and ends when each of its views shows everything.
async fn views(
    bench: &Bench,
    system: &System,
    only: &[&str],
    events: u64,
    name: &str,
) -> anyhow::Result<Sample> {
    let nats = system.nats().await?;
    let end = nats.log().last(&Scope::All).await?;
    let fresh = bench.directory.fresh()?;
    let places = Places { views: fresh.path().join("views"), ..system.places.clone() };
    let begun = Instant::now();
    let mut projector = Services::projector(&places, &bench.catalog, only);
    let shown = projector.beside(shown(&nats.bus(), only, end)).await;
    let took = begun.elapsed();
    projector.stop().await;
    shown?;
    let figure = Figure::new(name, Unit::PerSecond).within(["catch-up.read", "limit.sqlite.1000"]);
    Ok(Sample::rate(figure, events, took))
}
