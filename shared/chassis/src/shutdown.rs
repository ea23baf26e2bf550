//! When to stop.

use tokio::signal::unix::{SignalKind, signal as listen};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// A token that is cancelled at the first SIGTERM or SIGINT. The second one ends the process at once.
#[must_use]
pub fn signal() -> CancellationToken {
    let shutdown = CancellationToken::new();
    // Both are listened to before this returns: a signal that comes early must not be lost, or deadly.
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (listen(SignalKind::terminate()), listen(SignalKind::interrupt()))
    else {
        warn!("signals cannot be listened to: only a kill will stop this process");
        return shutdown;
    };
    let token = shutdown.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            if first {
                info!(target: "annals", "stopping: what has been begun is finished first; once more to stop at once");
                token.cancel();
            }
        }
        std::process::exit(130);
    });
    shutdown
}
