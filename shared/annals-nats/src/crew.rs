//! Works on what a source gives: as much at once as there are hands, until it is told to stop.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{JoinError, JoinSet},
    time::{timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    Content, Delivery, LogError, Pull, Source, Wake,
    hands::{Free, Hands},
};

/// Those of one process who work on one source.
pub struct Crew {
    name: &'static str,
    hands: Arc<Hands>,
    /// What is being worked on. It goes on when the source is lost.
    tasks: JoinSet<()>,
    shutdown: CancellationToken,
}

/// How a pull ended.
enum Taken {
    /// There was something, and nothing of it concerned anybody.
    Skimmed,
    /// Everything that did has its hand.
    Everything,
    /// There is more that nobody has a hand for.
    TooMuch,
}

/// Messages to ask for, however few hands are free, while none of those that come concerns anybody.
const SKIMMED: usize = 256;

/// How long what has been begun may take at a stop. What takes longer comes again.
const DRAIN: Duration = Duration::from_secs(4);

impl Crew {
    /// So many hands; `measure` is told how many of them are full.
    pub fn new(
        name: &'static str,
        hands: usize,
        measure: impl Fn(u32) + Send + Sync + 'static,
        shutdown: CancellationToken,
    ) -> Self {
        Self { name, hands: Hands::new(hands, measure), tasks: JoinSet::new(), shutdown }
    }

    /// Its hands.
    #[must_use]
    pub fn hands(&self) -> Arc<Hands> {
        self.hands.clone()
    }

    /// Deals with what comes and `concerns` somebody, until the shutdown. The rest is settled by the way: word of
    /// that may get lost, since there is nothing to be done twice.
    ///
    /// # Errors
    /// When the source is gone. What has been begun goes on.
    pub async fn work<T, F, Fut>(
        &mut self,
        source: &Source<T>,
        concerns: impl Fn(&Delivery<T>) -> bool,
        deal_with: F,
    ) -> Result<(), LogError>
    where
        T: Content,
        F: Fn(Wake<T>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut skims = false;
        loop {
            let shutdown = self.shutdown.clone();
            let Some(free) = shutdown.run_until_cancelled(self.hands.free()).await else { return Ok(()) };
            let most = if skims { SKIMMED.max(free.count()) } else { free.count() };
            let mut pull = source.pull(most).await?;
            let taking = Box::pin(self.take(&mut pull, free, &concerns, &deal_with)); // it is large
            match shutdown.run_until_cancelled(taking).await.transpose()? {
                Some(Taken::Skimmed) => skims = true,
                Some(Taken::Everything) => skims = false,
                Some(Taken::TooMuch) => {
                    skims = false;
                    pull.release(&source.nats).await;
                }
                None => {
                    pull.release(&source.nats).await;
                    return Ok(());
                }
            }
        }
    }

    /// Begins with everything that comes, as long as there are hands.
    async fn take<T, F, Fut>(
        &mut self,
        pull: &mut Pull<T>,
        mut free: Free,
        concerns: impl Fn(&Delivery<T>) -> bool,
        deal_with: F,
    ) -> Result<Taken, LogError>
    where
        T: Content,
        F: Fn(Wake<T>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (mut passed, mut concerned) = (false, false);
        while let Some(wake) = pull.next().await? {
            // What has ended is kept until it is asked for.
            while let Some(ended) = self.tasks.try_join_next() {
                note(self.name, ended);
            }
            if !concerns(&wake.delivery) {
                wake.pass().await;
                passed = true;
                continue;
            }
            concerned = true;
            if free.count() == 0 {
                let Ok(more) = timeout_at(pull.keeps_until(), self.hands.free()).await else {
                    wake.give_back().await;
                    return Ok(Taken::TooMuch);
                };
                free = more;
            }
            if let Some(hand) = free.take(wake.delivery.position) {
                let work = deal_with(wake);
                self.tasks.spawn(async move {
                    work.await;
                    drop(hand);
                });
            }
        }
        Ok(if passed && !concerned { Taken::Skimmed } else { Taken::Everything })
    }

    /// Finishes what has been begun.
    pub async fn drain(&mut self) {
        let finished = async {
            while let Some(ended) = self.tasks.join_next().await {
                note(self.name, ended);
            }
        };
        if timeout(DRAIN, finished).await.is_err() {
            warn!("{} leaves {} messages to come again", self.name, self.tasks.len());
            self.tasks.abort_all();
        }
    }
}

/// What panicked has settled nothing: its message comes again.
fn note(name: &str, ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!("of those who work on {name}, one has ended too early: {error}");
    }
}
