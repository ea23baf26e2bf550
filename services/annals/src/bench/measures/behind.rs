//! How far the index, the views and the reactors are behind while 128 deposits are on their way: the age of the
//! oldest event that is not applied, as each says itself.

use std::time::{Duration, Instant};

use annals_core::{
    Catalog,
    bus::{Query, ReactorRequest, ViewRequest, ViewStatus},
    index::{IndexBody, IndexQuery, IndexRequest},
};
use annals_nats::Bus;
use anyhow::{Context, anyhow, bail};
use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval};

use crate::bench::{
    Bench,
    load::{Tally, Window, closed_loop},
    sample::{Figure, Sample, Unit},
    workload::{Accounts, Depositor},
};

/// Deposits that are on their way at the same time.
const IN_FLIGHT: usize = 128;

/// Between two questions to each. To answer costs a look into the log: more would be part of the load.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// What follows the log.
#[derive(Clone, Copy)]
enum Follower {
    Index,
    View(&'static str),
    Reactor(&'static str),
}

/// Of the views, and of the reactors, the one that is furthest behind.
pub(super) async fn under_load(bench: &Bench, bus: &Bus, accounts: &Accounts) -> anyhow::Result<Vec<Sample>> {
    let window = Window::from_now(bench.pace);
    let load = closed_loop(Depositor::crowd(IN_FLIGHT, bus, accounts), bench.pace);
    let watched = join_all(followers(&bench.catalog).map(|it| it.watch(bus, window)));
    let (_, lags) = tokio::join!(load, watched);
    let worst = |name: &str, belongs: fn(&Follower) -> bool| {
        let figure = || Figure::new(format!("lag.{name}.p99"), Unit::Milliseconds);
        let lags = lags.iter().filter(|(it, _)| belongs(it)).map(|(_, lag)| lag.worst(figure()));
        let lags = lags.collect::<anyhow::Result<Vec<_>>>()?;
        let worst =
            lags.into_iter().max_by(|a, b| a.failures.cmp(&b.failures).then(a.value.total_cmp(&b.value)));
        worst.context("something follows the log")
    };
    Ok(vec![
        worst("index", |it| matches!(it, Follower::Index))?,
        worst("views", |it| matches!(it, Follower::View(_)))?,
        worst("reactors", |it| matches!(it, Follower::Reactor(_)))?,
    ])
}

fn followers(catalog: &Catalog) -> impl Iterator<Item = Follower> {
    let views = catalog.projections().map(|it| Follower::View(it.view));
    let reactors = catalog.reactors().map(|it| Follower::Reactor(it.name));
    [Follower::Index].into_iter().chain(views).chain(reactors)
}

impl Follower {
    /// Asks until the window closes.
    async fn watch(self, bus: &Bus, window: Window) -> (Self, Tally) {
        let mut tally = Tally::new(window);
        let mut due = interval(ASK_EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while window.has_until(due.tick().await.into_std()) {
            let asked = Instant::now();
            let lag = self.lag(bus).await;
            if window.counts(asked) || lag.is_err() {
                tally.count(*lag.as_ref().unwrap_or(&Duration::ZERO), lag.map(|_| 1));
            }
        }
        (self, tally)
    }

    async fn lag(self, bus: &Bus) -> anyhow::Result<Duration> {
        let failed = |failure| anyhow!("{failure:?}");
        let seconds = match self {
            Self::Index => {
                let request = IndexRequest { query: IndexQuery::Status, min_position: None, wait_ms: 0 };
                let answer = bus.index(&request).await.map_err(failed)?;
                let IndexBody::Status(status) = answer.body else {
                    bail!("the index does not say how it is")
                };
                status.lag_seconds
            }
            Self::View(view) => {
                let request = ViewRequest { query: Query::Status, min_position: None, wait_ms: 0 };
                let answer = bus.view(view, &request).await.map_err(failed)?;
                serde_json::from_str::<ViewStatus>(answer.body.get())?.lag_seconds
            }
            Self::Reactor(reactor) => {
                bus.reactor(reactor, &ReactorRequest::default()).await.map_err(failed)?.lag_seconds
            }
        };
        Ok(Duration::try_from_secs_f64(seconds)?)
    }
}
