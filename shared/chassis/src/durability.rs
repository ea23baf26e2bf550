//! Does acknowledged mean on disk?

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use annals_nats::server::monitor::{Durability, vitals};
use tokio::{sync::watch, time::interval};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the server is asked.
const EVERY: Duration = Duration::from_mins(10);

/// The largest message that a commit may become.
const MAX_PAYLOAD: u64 = 1024 * 1024;

/// Asks the server's monitoring at the start and every ten minutes, and warns of what could lose
/// events. Services that share a process and a server share one watch: a warning is said once.
#[must_use]
pub fn watch(monitor_url: Option<String>, shutdown: CancellationToken) -> watch::Receiver<Durability> {
    static WATCHES: Mutex<BTreeMap<Option<String>, watch::Receiver<Durability>>> =
        Mutex::new(BTreeMap::new());
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    watches.entry(monitor_url.clone()).or_insert_with(|| begin(monitor_url, shutdown)).clone()
}

fn begin(monitor_url: Option<String>, shutdown: CancellationToken) -> watch::Receiver<Durability> {
    let (sender, receiver) = watch::channel(Durability::Unknown);
    tokio::spawn(async move {
        let mut ticks = interval(EVERY);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            sender.send_replace(check(monitor_url.as_deref()).await);
        }
    });
    receiver
}

async fn check(monitor_url: Option<&str>) -> Durability {
    let Some(url) = monitor_url else {
        warn!(
            "whether acknowledged means on disk is unknown: set --nats-monitor to the server's monitoring URL"
        );
        return Durability::Unknown;
    };
    let vitals = match vitals(url).await {
        Ok(vitals) => vitals,
        Err(error) => {
            warn!("whether acknowledged means on disk is unknown: {error}");
            return Durability::Unknown;
        }
    };
    if vitals.durability != Durability::Always {
        warn!(
            "acknowledged does NOT mean on disk: a power cut can lose what clients were told is stored; \
             set `sync_interval: always` in the jetstream section of the server's configuration"
        );
    }
    if vitals.version < annals_nats::server::ServerVersion::OLDEST {
        warn!(version = %vitals.version, "this nats-server is too old: 2.14 or newer is needed");
    }
    if vitals.max_payload < MAX_PAYLOAD {
        warn!(
            max_payload = vitals.max_payload,
            "max_payload of nats-server is below 1 MiB: large commands will fail"
        );
    }
    vitals.durability
}
