//! A way to nats-server on which acknowledgements get lost, and entries are held up.

mod loss;
mod operation;
mod trap;

use std::{
    io,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use tokio::{
    io::{AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use loss::Loss;
use operation::{entry, next};
use trap::Trap;

pub use loss::Acknowledgements;
pub use trap::{Held, Moment};

/// A TCP proxy before a nats-server. It goes with its value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    perils: Arc<Perils>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Perils {
    loss: Loss,
    trap: Trap,
}

impl Proxy {
    /// A proxy to the server at `url`, on a port of its own. Everything passes at first.
    pub async fn start(url: &str) -> Self {
        let server = url.trim_start_matches("nats://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let perils = Arc::new(Perils { loss: Loss::none(), trap: Trap::new() });
        let (stop, of_all) = (CancellationToken::new(), perils.clone());
        let stopped = stop.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A connection that breaks is what the proxy is for.
                let passing = pass(client, server.clone(), of_all.clone());
                tokio::spawn(stopped.clone().run_until_cancelled_owned(passing));
            }
        }));
        Self { port, perils, _stop: stop.drop_guard() }
    }

    /// Where clients connect to: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Decides what becomes of the acknowledgements from now on.
    pub fn acknowledgements(&self, fate: Acknowledgements) {
        *self.perils.loss.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// Entries whose acknowledgements got lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.perils.loss.lost.load(Ordering::Relaxed)
    }

    /// Waits until an entry that has commits has come to that moment, and holds it there: nothing passes in
    /// either direction, on any connection.
    ///
    /// # Panics
    /// When none comes within half a minute.
    pub async fn hold(&self, moment: Moment) -> Held {
        self.perils.trap.hold(moment).await
    }
}

async fn pass(client: TcpStream, server: String, perils: Arc<Perils>) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    for end in [&client, &server] {
        end.set_nodelay(true)?;
    }
    let (from_server, mut to_server) = server.into_split();
    let (from_client, mut to_client) = client.into_split();
    let [mut forth, mut back, mut gate] = [(); 3].map(|()| perils.trap.gate());
    let to = async {
        let mut from_client = BufReader::new(from_client);
        loop {
            let operation = next(&mut from_client).await?;
            let entry = entry(&operation);
            forth.let_through(entry).await?;
            to_server.write_all(&operation).await?;
            forth.has_passed(entry);
        }
    };
    let fro = async {
        let mut from_server = BufReader::new(from_server);
        loop {
            let operation = next(&mut from_server).await?;
            back.let_back(&operation).await?;
            match perils.loss.meet(&operation) {
                Acknowledgements::Pass => {
                    to_client.write_all(&operation).await?;
                    back.has_come_back(&operation);
                }
                Acknowledgements::GetLost => {}
                Acknowledgements::CutTheConnection => return io::Result::Ok(()),
            }
        }
    };
    tokio::select! {
        ended = to => ended,
        ended = fro => ended,
        cut = gate.cut() => Err(cut),
    }
}
