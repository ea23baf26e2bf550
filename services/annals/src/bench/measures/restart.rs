//! Everything has been stopped, and is started again over a log that is long: until every service and every
//! view answers, and until the first command is carried out. nats-server is started alone, too.

use std::{path::Path, time::Instant};

use annals_nats::{Log, Scope};
use anyhow::anyhow;

use crate::bench::{
    Bench,
    caught_up::{all_views, settled, shown},
    kept,
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{Accounts, deposit},
};

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = kept::million(bench);
    let home = log.home(bench).await?;
    if !home.join("views").exists() {
        System::over(&home, bench, Needs::Everything, async |system| settled(bench, system).await).await?;
    }
    let accounts = Accounts::seeded(log.accounts);
    Ok(vec![server(bench, &home).await?].into_iter().chain(all(bench, &home, &accounts).await?).collect())
}

async fn server(bench: &Bench, home: &Path) -> anyhow::Result<Sample> {
    let begun = Instant::now();
    let ready = System::over(home, bench, Needs::Log, async |_| Ok(begun.elapsed())).await?;
    Ok(Sample::time(Figure::new("restart.server", Unit::Milliseconds), ready))
}

async fn all(bench: &Bench, home: &Path, accounts: &Accounts) -> anyhow::Result<Vec<Sample>> {
    let figure = |name| Figure::new(name, Unit::Milliseconds).within(["restart.server"]);
    let begun = Instant::now();
    let measure = async |system: &System| {
        let nats = system.nats().await?;
        let (log, bus) = (nats.log(), nats.bus());
        let command = async {
            deposit(&bus, accounts.any()).await.map_err(|failure| anyhow!("{failure:?}"))?;
            anyhow::Ok(begun.elapsed())
        };
        let ready = async {
            shown(&bus, &all_views(&bench.catalog), log.last(&Scope::All).await?).await?;
            anyhow::Ok(begun.elapsed())
        };
        let (command, ready) = tokio::try_join!(command, ready)?;
        Ok(vec![
            Sample::time(figure("restart.command"), command),
            Sample::time(figure("restart.ready"), ready),
        ])
    };
    System::over(home, bench, Needs::Everything, measure).await
}
