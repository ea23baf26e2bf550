//! One round: open the accounts, take the points one after the other, prove that the store holds it all.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::{
    check::{self, Ledger},
    load::{self, Point},
    peer::Peer,
};

/// How many accounts are opened, and how many events read back, at once.
const AT_ONCE: usize = 32;

/// What a round does.
pub struct Plan {
    /// How many accounts are opened before.
    pub accounts: usize,
    /// The points: how many deposits are in flight.
    pub in_flight: Vec<usize>,
    /// The points after those, of which every deposit is at one account.
    pub hot: Vec<usize>,
    /// How long a point is measured.
    pub measured: Duration,
    /// How long a point runs before it is measured.
    pub warm_up: Duration,
}

/// What a round gave.
#[derive(Serialize)]
pub struct Report {
    points: Vec<Point>,
    /// How many deposits were acknowledged, and found again in the store.
    acknowledged: u64,
}

/// Takes the round. An error is a store that does not hold what it acknowledged, or more.
pub async fn run<P: Peer>(peer: P, plan: &Plan) -> Result<Report> {
    let peer = Arc::new(peer);
    let ledger = Arc::new(Ledger::new(plan.accounts));
    stream::iter(0..plan.accounts)
        .map(|account| peer.open(account))
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    let mut points = Vec::new();
    let spread = plan.in_flight.iter().map(|&in_flight| (in_flight, plan.accounts));
    let hot = plan.hot.iter().map(|&in_flight| (in_flight, 1));
    for (in_flight, accounts) in spread.chain(hot) {
        let load = load::Load { in_flight, accounts, warm_up: plan.warm_up, measured: plan.measured };
        points.push(load::point(&peer, &ledger, load).await);
    }
    let acknowledged = stream::iter(0..plan.accounts)
        .map(|account| check::account(&*peer, &ledger, account))
        .buffer_unordered(AT_ONCE)
        .try_fold(0, async |sum, deposits| Ok(sum + deposits))
        .await?;
    Ok(Report { points, acknowledged })
}
