//! Wakes a reactor for each commit that concerns it.

use std::{sync::Arc, time::Duration};

use annals_nats::{Listener, LogError, Nats, Wake};
use tokio::{sync::Semaphore, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use crate::act::{Actor, Settlement};

/// Commits that one instance works on at once.
const AT_ONCE: usize = 16;

/// Before a lost consumer is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a reactor until `shutdown`, then finishes what it has begun.
pub(crate) async fn react(actor: Arc<Actor>, nats: Nats, shutdown: CancellationToken) {
    let durable = format!("reactor-{}", actor.reactor.name);
    let categories: Vec<_> = actor.reactor.categories().collect();
    let tasks = TaskTracker::new();
    loop {
        let listening = async {
            let mut listener = nats.listen(&durable, &categories, AT_ONCE).await?;
            debug!("{} is listening", actor.reactor.name);
            work(&mut listener, &actor, &tasks, &shutdown).await?;
            listener.release().await;
            Ok::<_, LogError>(())
        };
        let Err(error) = listening.await else { break };
        warn!("{} stands still: {error}", actor.reactor.name);
        if shutdown.run_until_cancelled(sleep(PAUSE)).await.is_none() {
            break;
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// Hands out commits until `shutdown`.
async fn work(
    listener: &mut Listener,
    actor: &Arc<Actor>,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> Result<(), LogError> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let Some(wake) = shutdown.run_until_cancelled(listener.next()).await else { return Ok(()) };
        let (wake, actor) = (wake?, actor.clone());
        tasks.spawn(async move {
            settle(&actor, wake).await;
            drop(permit);
        });
    }
}

async fn settle(actor: &Actor, wake: Wake) {
    match actor.act(&wake.delivery).await {
        Settlement::Settled => wake.settle().await,
        Settlement::Retry(after) => wake.retry(after).await,
    }
}
