//! Everything has been stopped, and is started again over a log that is long: until every service and every
//! view answers, and until the first command is carried out. nats-server is started alone, too.

use std::{iter, path::Path, time::Instant};

use annals_core::log::Log;

use crate::bench::{
    Bench,
    caught_up::{all_views, shown},
    kept,
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{Accounts, deposit},
};

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = kept::million(bench);
    let home = log.stopped(bench).await?;
    let accounts = Accounts::seeded(log.accounts);
    let server = server(bench, home.path()).await?;
    Ok(iter::once(server).chain(all(bench, home.path(), &accounts).await?).collect())
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
        let (log, bus) = (system.log().await?, system.nats().await?.bus());
        let command = async {
            deposit(&bus, accounts.any()).await?;
            anyhow::Ok(begun.elapsed())
        };
        let ready = async {
            shown(&bus, &all_views(&bench.catalog), log.end().await?).await?;
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
