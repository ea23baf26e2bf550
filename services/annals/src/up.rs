//! `annals up`: finds or fetches nats-server, starts everything, and drains on Ctrl-C.

use std::net::SocketAddr;

use annals_core::Catalog;
use annals_nats::server::{NatsServer, Options, supervise};
use anyhow::Context;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Up,
    home::Home,
    services::{Places, Services, all_present},
};

/// Runs the whole system until `shutdown`.
///
/// # Errors
/// When it cannot start, or a service ends by itself.
pub async fn up(options: Up, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    let home = Home::open(&options)?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", options.listen))?;
    let address = listener.local_addr()?;

    let Some(server) = shutdown.run_until_cancelled(Server::start(&options, &home)).await else {
        return Ok(());
    };
    let server = server?;
    let places = Places {
        nats: server.url.clone(),
        nats_monitor: server.monitor.clone(),
        views: home.views(),
        state: home.state(),
    };
    let mut services = Services::start(&places, &catalog, listener);
    let names = services.on_the_bus();

    let failed = tokio::select! {
        () = shutdown.cancelled() => None,
        failure = services.failure() => Some(failure),
        failure = announce(&options, &home, &server, &names, address, &shutdown) => Some(failure),
    };
    services.stop().await;
    server.stop().await;
    failed.map_or(Ok(()), Err)
}

/// The nats-server that the system uses.
struct Server {
    url: String,
    monitor: Option<String>,
    /// Ours, if it is: with what stops it.
    child: Option<(JoinHandle<()>, CancellationToken)>,
}

impl Server {
    async fn start(options: &Up, home: &Home) -> anyhow::Result<Self> {
        if let Some(url) = &options.nats {
            return Ok(Self { url: url.clone(), monitor: options.nats_monitor.clone(), child: None });
        }
        let server = NatsServer::start(Options::new(home.nats())).await?;
        let (url, monitor) = (server.url(), Some(server.monitor_url()));
        let stop = CancellationToken::new();
        let child = tokio::spawn(supervise(server, stop.clone()));
        Ok(Self { url, monitor, child: Some((child, stop)) })
    }

    async fn stop(self) {
        if let Some((child, stop)) = self.child {
            stop.cancel();
            child.await.expect("the supervisor does not panic");
        }
    }
}

/// Waits until all services are there, says so on standard output, and then waits for ever.
async fn announce(
    options: &Up,
    home: &Home,
    server: &Server,
    names: &[String],
    address: SocketAddr,
    shutdown: &CancellationToken,
) -> anyhow::Error {
    if let Err(error) = all_present(&server.url, names).await {
        return error;
    }
    let keeps = if options.ephemeral { "nothing".into() } else { home.path().display().to_string() };
    println!(
        "Annals listens on http://{address}\n\
         \x20 log      {nats}\n\
         \x20 keeps    {keeps}\n\
         \x20 try      curl -i --json '{{\"owner_email\": \"ada@example.com\"}}' \\\n\
         \x20            http://{address}/v1/commands/account/$(uuidgen)/open\n\
         \x20 stop     Ctrl-C",
        nats = server.url,
    );
    shutdown.cancelled().await;
    std::future::pending().await
}
