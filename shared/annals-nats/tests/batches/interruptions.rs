//! A batch is interrupted at every moment of its way.

use std::time::Duration;

use annals_core::Commit;
use annals_nats::{JetStreamLog, Log, LogError};
use annals_testkit::{Held, Moment, TestNats, eventually_within};
use futures_util::future::join;

use crate::{Told, append_firsts, behind_a_proxy, firsts, read, stored};

/// How long it may take until a repeat decides what was unknown.
const PATIENCE: Duration = Duration::from_secs(30);

/// Appends a commit again until its outcome is known: it has to be stored, since nobody else writes.
async fn decided(log: &JetStreamLog, commit: &Commit, mut told: Told) -> u64 {
    eventually_within(PATIENCE, "a repeat decides", async || {
        while let Err(LogError::OutcomeUnknown(_) | LogError::Unavailable(_)) = told {
            told = log.append(commit, 0).await;
        }
        true
    })
    .await;
    stored(told).position
}

/// What is done to a batch at each moment leaves no append in doubt for ever, and doubles none.
async fn interrupt(blow: impl AsyncFn(&mut TestNats, Held)) {
    let (mut server, proxy, log) = behind_a_proxy().await;
    let mut all = 0;
    for moment in Moment::ALL {
        let commits = firsts(200);
        let interrupted = async { blow(&mut server, proxy.hold(moment).await).await };
        let (told, ()) = join(append_firsts(&log, &commits), interrupted).await;
        let unknown = told.iter().filter(|told| told.is_err()).count();
        let mut positions = Vec::new();
        for (commit, told) in commits.iter().zip(told) {
            positions.push(decided(&log, commit, told).await);
        }
        println!("{moment:?}: {unknown} of {} were told that nobody knows", commits.len());
        let log = read(&server).await;
        let found: Vec<_> = commits.iter().map(|commit| log[&commit.id]).collect();
        assert_eq!(found, positions, "{moment:?}");
        all += commits.len();
        assert_eq!(log.len(), all, "{moment:?}: nothing else is stored");
    }
}

#[tokio::test]
async fn a_server_that_is_killed_inside_a_batch_leaves_no_append_undecided() {
    interrupt(async |server, held| {
        server.kill().await;
        held.cut();
        server.restart().await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_cut_inside_a_batch_leaves_no_append_undecided() {
    interrupt(async |_, held| held.cut()).await;
}

/// The batch arrives all the same, long after everybody was told that nobody knows.
#[tokio::test]
async fn a_server_that_falls_silent_inside_a_batch_has_everything_once_when_it_wakes() {
    let (server, proxy, log) = behind_a_proxy().await;
    let commits = firsts(200);
    let silence = async {
        let held = proxy.hold(Moment::BeforeCommit).await;
        server.pause();
        held.release();
    };
    let (told, ()) = join(append_firsts(&log, &commits), silence).await;
    assert!(told.iter().all(|told| matches!(told, Err(LogError::OutcomeUnknown(_)))), "{told:?}");
    server.resume();
    for (commit, told) in commits.iter().zip(told) {
        decided(&log, commit, told).await;
    }
    assert_eq!(read(&server).await.len(), 200);
}
