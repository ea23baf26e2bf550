//! Clients that ask and ask and never read an answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{self, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::interval,
};

/// The largest answers that there are.
const REQUEST: &[u8] = b"GET /v1/events?limit=500 HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// Before one that was cut comes back.
const PAUSE: Duration = Duration::from_secs(1);

/// They come back whenever they are cut.
pub struct SilentClients {
    clients: JoinSet<()>,
    cut: Arc<AtomicU64>,
}

impl SilentClients {
    /// So many begin to ask the gateway at `base_url`.
    pub fn start(count: usize, base_url: &str) -> Self {
        let address = base_url.strip_prefix("http://").expect("that is what it speaks").to_owned();
        let mut silent = Self { clients: JoinSet::new(), cut: Arc::default() };
        for _ in 0..count {
            let (address, cut) = (address.clone(), silent.cut.clone());
            silent.clients.spawn(async move {
                let mut pause = interval(PAUSE);
                loop {
                    pause.tick().await;
                    if let Ok(connection) = connect(&address).await {
                        ask(connection).await;
                        cut.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        silent
    }

    /// Ends them, and tells how often they were cut.
    pub async fn stop(mut self) -> u64 {
        self.clients.shutdown().await;
        self.cut.load(Ordering::Relaxed)
    }
}

/// With little room for answers, so that the gateway is left with them.
async fn connect(address: &str) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect(address.parse().expect("an address with a port")).await
}

/// Asks until it is cut: then nothing can be written any more.
async fn ask(mut connection: TcpStream) {
    while connection.write_all(REQUEST).await.is_ok() {}
}
