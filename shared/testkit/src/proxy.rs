//! A way to nats-server on which acknowledgements get lost.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What becomes of the acknowledgement of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgements {
    /// It arrives.
    Pass,
    /// It gets lost.
    GetLost,
    /// The next one gets lost, and the connection with it; then they arrive again.
    CutTheConnection,
}

/// A TCP proxy before a nats-server. It goes with its value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    loss: Arc<Loss>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Loss {
    fate: Mutex<Acknowledgements>,
    lost: AtomicU64,
}

impl Proxy {
    /// A proxy to the server at `url`, on a port of its own. Everything passes at first.
    pub async fn start(url: &str) -> Self {
        let server = url.trim_start_matches("nats://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let loss = Arc::new(Loss { fate: Mutex::new(Acknowledgements::Pass), lost: AtomicU64::new(0) });
        let (stop, of_all) = (CancellationToken::new(), loss.clone());
        let stopped = stop.clone();
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A connection that breaks is what the proxy is for.
                let passing = pass(client, server.clone(), of_all.clone());
                tokio::spawn(stopped.clone().run_until_cancelled_owned(passing));
            }
        }));
        Self { port, loss, _stop: stop.drop_guard() }
    }

    /// Where clients connect to: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Decides what becomes of the acknowledgements from now on.
    pub fn acknowledgements(&self, fate: Acknowledgements) {
        *self.loss.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// Acknowledgements that got lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.loss.lost.load(Ordering::Relaxed)
    }
}

impl Loss {
    /// What becomes of this operation of the server.
    fn meet(&self, operation: &[u8]) -> Acknowledgements {
        if !is_acknowledgement(operation) {
            return Acknowledgements::Pass;
        }
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let met = *fate;
        if met == Acknowledgements::CutTheConnection {
            *fate = Acknowledgements::Pass;
        }
        if met != Acknowledgements::Pass {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        met
    }
}

async fn pass(client: TcpStream, server: String, loss: Arc<Loss>) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    for end in [&client, &server] {
        end.set_nodelay(true)?;
    }
    let (from_server, mut to_server) = server.into_split();
    let (mut from_client, mut to_client) = client.into_split();
    let back = async {
        let mut from_server = BufReader::new(from_server);
        loop {
            let operation = next(&mut from_server).await?;
            match loss.meet(&operation) {
                Acknowledgements::Pass => to_client.write_all(&operation).await?,
                Acknowledgements::GetLost => {}
                Acknowledgements::CutTheConnection => return io::Result::Ok(()),
            }
        }
    };
    tokio::select! {
        ended = copy(&mut from_client, &mut to_server) => ended.map(drop),
        ended = back => ended,
    }
}

/// The server's next operation: a line, and after `MSG` and `HMSG` as many bytes as it says.
async fn next(server: &mut BufReader<OwnedReadHalf>) -> io::Result<Vec<u8>> {
    let mut operation = Vec::new();
    if server.read_until(b'\n', &mut operation).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if operation.starts_with(b"MSG ") || operation.starts_with(b"HMSG ") {
        let line = String::from_utf8_lossy(&operation).into_owned();
        let size = line.split_whitespace().last().and_then(|size| size.parse::<usize>().ok());
        let line = operation.len();
        operation.resize(line + size.expect("it ends with its size") + 2, 0);
        server.read_exact(&mut operation[line..]).await?;
    }
    Ok(operation)
}

/// What JetStream says of a message that it has stored.
fn is_acknowledgement(operation: &[u8]) -> bool {
    let text = String::from_utf8_lossy(operation);
    text.starts_with("MSG ") && text.contains("\r\n{\"stream\":\"EVENTS\",") && text.contains("\"seq\":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_a_commit_is_stored_is_an_acknowledgement() {
        for (operation, is) in [
            ("MSG _INBOX.a.b 1 33\r\n{\"stream\":\"EVENTS\", \"seq\":7}\r\n", true),
            ("MSG _INBOX.a.b 1 33\r\n{\"error\":{\"code\":400},\"stream\":\"EVENTS\",\"seq\":0}\r\n", false),
            ("MSG _INBOX.a.b 1 33\r\n{\"stream\":\"OTHER\",\"seq\":7}\r\n", false),
            ("PING\r\n", false),
        ] {
            assert_eq!(is_acknowledgement(operation.as_bytes()), is, "{operation}");
        }
    }
}
