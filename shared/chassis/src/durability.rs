//! Does acknowledged mean on disk?

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use annals_nats::server::monitor::{Durability, Vitals, vitals};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How often the server is asked.
const EVERY: Duration = Duration::from_mins(10);

/// How soon it is asked again while it does not answer.
const SOON: Duration = Duration::from_secs(1);

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
    tokio::spawn(shutdown.run_until_cancelled_owned(async move {
        loop {
            let answer = ask(monitor_url.as_deref()).await;
            if let Err(reason) = &answer {
                warn!("whether acknowledged means on disk is unknown: {reason}");
            }
            sender.send_replace(answer.as_ref().map_or(Durability::Unknown, judge));
            if answer.is_err() && monitor_url.is_some() {
                // It may only be late: the warning has been said, the question goes on.
                let _ = timeout(EVERY, until_it_answers(monitor_url.as_deref())).await;
            } else {
                sleep(EVERY).await;
            }
        }
    }));
    receiver
}

async fn until_it_answers(monitor_url: Option<&str>) {
    while ask(monitor_url).await.is_err() {
        sleep(SOON).await;
    }
}

async fn ask(monitor_url: Option<&str>) -> Result<Vitals, String> {
    let url = monitor_url.ok_or("set --nats-monitor to the server's monitoring URL")?;
    vitals(url).await.map_err(|error| error.to_string())
}

/// Warns of what could lose events.
fn judge(vitals: &Vitals) -> Durability {
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
