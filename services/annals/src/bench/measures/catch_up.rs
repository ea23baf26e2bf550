//! From an empty file to the log's end: the events index alone, `balances` alone, and everything together; and the
//! writer's states. Beside it the same log is read by somebody who does nothing with it.

use std::time::Instant;

use annals_command::MemoryArgs;
use annals_core::log::{Log, Tail};

use crate::{
    bench::{
        Bench,
        caught_up::{INDEX, all_views, shown},
        kept,
        sample::{Figure, Sample, Unit},
        system::{Needs, System},
    },
    services::{Places, Services},
};

/// Bytes that are read at once.
const READ_BYTES: usize = 1024 * 1024;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = kept::million(bench);
    let events = log.events();
    let measure = async |system: &System| {
        let mut samples = vec![read(system, events).await?, states(bench, system, events).await?];
        let all = all_views(&bench.catalog);
        for (name, only) in [("index", [INDEX].as_slice()), ("balances", &["balances"]), ("all", &all)] {
            samples.push(views(bench, system, only, events, &format!("catch-up.{name}")).await?);
        }
        Ok(samples)
    };
    System::over(log.copy(bench).await?.path(), bench, Needs::Log, measure).await
}

async fn read(system: &System, events: u64) -> anyhow::Result<Sample> {
    let log = system.log().await?;
    read_all(&log).await?; // the warm-up: those who come after it find the log in memory, too
    let begun = Instant::now();
    read_all(&log).await?;
    Ok(Sample::rate(Figure::new("catch-up.read", Unit::PerSecond), events, begun.elapsed()))
}

/// Reads every message, and looks into none.
async fn read_all(log: &impl Log) -> anyhow::Result<()> {
    let end = log.end().await?;
    let mut tail = log.tail("bench", 0).await?;
    let mut read = 0;
    while read < end {
        read = tail.next(READ_BYTES).await?.last().map_or(read, |message| message.position);
    }
    Ok(())
}

/// The time begins with the start of the writer, and ends when it could decide.
async fn states(bench: &Bench, system: &System, events: u64) -> anyhow::Result<Sample> {
    let fresh = bench.directory.fresh()?;
    let memory = MemoryArgs::new(fresh.path().to_owned());
    let begun = Instant::now();
    let folded = async |_: &_| Ok(begun.elapsed());
    let took = Box::pin(system.with_writer(bench, &memory, folded)).await?;
    let figure = Figure::new("catch-up.states", Unit::PerSecond).within(["catch-up.read"]);
    Ok(Sample::rate(figure, events, took))
}

/// The time begins with the start of the projector, and ends when each of its views shows everything.
async fn views(
    bench: &Bench,
    system: &System,
    only: &[&str],
    events: u64,
    name: &str,
) -> anyhow::Result<Sample> {
    let (bus, end) = (system.nats().await?.bus(), system.log().await?.end().await?);
    let fresh = bench.directory.fresh()?;
    let places = Places { views: fresh.path().join("views"), ..system.places.clone() };
    let begun = Instant::now();
    let mut projector = Services::projector(&places, &bench.catalog, only);
    let shown = projector.beside(shown(&bus, only, end)).await;
    let took = begun.elapsed();
    projector.stop().await;
    shown?;
    let figure = Figure::new(name, Unit::PerSecond).within(["catch-up.read", "limit.sqlite.1000"]);
    Ok(Sample::rate(figure, events, took))
}
