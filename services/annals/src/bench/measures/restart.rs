//! Everything has been stopped, and is started again over a log that is long: until every service and every
//! view answers, and until the first command is carried out. nats-server is started alone, too.

use std::{
    fs, iter,
    path::{Path, PathBuf},
    time::Instant,
};

use annals_nats::{Log, Scope};
use anyhow::anyhow;

use crate::bench::{
    Bench,
    caught_up::{all_views, settled, shown},
    kept::{self, Kept},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{Accounts, deposit},
};

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = kept::million(bench);
    let home = bench.directory.copy_of(&stopped(bench, log).await?).await?;
    let accounts = Accounts::seeded(log.accounts);
    let server = server(bench, home.path()).await?;
    Ok(iter::once(server).chain(all(bench, home.path(), &accounts).await?).collect())
}

/// The home of a system that was stopped when it had dealt with this log. Kept, since that takes long.
async fn stopped(bench: &Bench, log: Kept) -> anyhow::Result<PathBuf> {
    let home = bench.directory.path().join("stopped");
    if !home.exists() {
        let copy = log.copy(bench).await?;
        let settle = async |system: &System| settled(bench, system).await;
        System::over(copy.path(), bench, Needs::Everything, settle).await?;
        fs::rename(copy.keep(), &home)?;
    }
    Ok(home)
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
