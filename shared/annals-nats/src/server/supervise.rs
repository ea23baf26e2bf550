//! Keeps nats-server running under `annals up`.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::NatsServer;

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts the server again whenever it dies, on the same store and the same ports, and stops it
/// gracefully once `shutdown` is cancelled.
///
/// The pause before a start doubles from 100 ms to 5 s while it keeps dying.
pub async fn supervise(mut server: NatsServer, shutdown: CancellationToken) {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let started = Instant::now();
        tokio::select! {
            () = shutdown.cancelled() => return server.stop().await,
            status = server.wait() => tracing::warn!(%status, "nats-server died and is started again"),
        }
        if started.elapsed() > LONGEST_PAUSE {
            pause = SHORTEST_PAUSE;
        }
        server = tokio::select! {
            () = shutdown.cancelled() => return,
            server = start_again(&server, &mut pause) => server,
        };
    }
}

async fn start_again(dead: &NatsServer, pause: &mut Duration) -> NatsServer {
    loop {
        sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        match NatsServer::start(dead.options().clone()).await {
            Ok(server) => return server,
            Err(error) => tracing::warn!(%error, "nats-server could not be started"),
        }
    }
}
