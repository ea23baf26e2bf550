//! Works on what a source gives: as much at once as there are hands, until it is told to stop.

use std::{iter, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    task::{JoinError, JoinSet},
    time::timeout,
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
enum Taken<T: Content> {
    /// Something came, and nothing of it concerned anybody.
    Quiet,
    /// Everything that came has been begun with, or concerned nobody.
    All,
    /// There is no hand for this one.
    TooMuch(Box<Wake<T>>),
}

/// Messages to ask for in a quiet time: those that concern nobody need no hands.
const AHEAD: usize = 256;

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
        let mut quiet = false;
        loop {
            let shutdown = self.shutdown.clone();
            let Some(free) = shutdown.run_until_cancelled(self.hands.free()).await else { return Ok(()) };
            let most = if quiet && self.hands.are_empty() { AHEAD.max(free.count()) } else { free.count() };
            let mut pull = source.pull(most).await?;
            let taking = Box::pin(self.take(&mut pull, free, &concerns, &deal_with)); // it is large
            let taken = shutdown.run_until_cancelled(taking).await.transpose()?;
            quiet = matches!(taken, Some(Taken::Quiet));
            match taken {
                Some(Taken::Quiet | Taken::All) => {}
                Some(Taken::TooMuch(wake)) => {
                    let unread = pull.unread(&source.nats).await;
                    self.put_down(iter::once(*wake).chain(unread), &concerns).await;
                }
                None => {
                    self.put_down(pull.unread(&source.nats).await, &concerns).await;
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
    ) -> Result<Taken<T>, LogError>
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
            let position = wake.delivery.position;
            if free.count() == 0 && !self.hands.hold(position) {
                // More may have been freed meanwhile.
                let Some(more) = self.hands.free().now_or_never() else {
                    return Ok(Taken::TooMuch(Box::new(wake)));
                };
                free = more;
            }
            if let Some(hand) = free.take(position) {
                let work = deal_with(wake);
                self.tasks.spawn(async move {
                    work.await;
                    drop(hand);
                });
            }
        }
        Ok(if passed && !concerned { Taken::Quiet } else { Taken::All })
    }

    /// Gives back what needs a hand, so that others need not wait for it. It counts as one more delivery.
    async fn put_down<T: Content>(
        &self,
        unread: impl IntoIterator<Item = Wake<T>>,
        concerns: impl Fn(&Delivery<T>) -> bool,
    ) {
        for wake in unread {
            if !concerns(&wake.delivery) {
                wake.pass().await;
            } else if !self.hands.hold(wake.delivery.position) {
                wake.give_back().await;
            }
        }
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
