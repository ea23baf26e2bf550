//! A way to nats-server on which acknowledgements get lost.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
    sync::watch,
};

/// What becomes of the acknowledgement of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledgements {
    /// It arrives.
    Pass,
    /// It gets lost.
    GetLost,
    /// It gets lost, and the connection with it.
    CutTheConnection,
}

/// A TCP proxy before a nats-server. It goes with its value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    fate: watch::Sender<Acknowledgements>,
    lost: Arc<AtomicU64>,
}

impl Proxy {
    /// A proxy to the server at `url`, on a port of its own. Everything passes at first.
    pub async fn start(url: &str) -> Self {
        let server = url.trim_start_matches("nats://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let (fate, followed) = watch::channel(Acknowledgements::Pass);
        let lost = Arc::<AtomicU64>::default();
        let counted = lost.clone();
        tokio::spawn(async move {
            // Without the proxy nobody decides any more, and the connections end.
            while let (Ok((client, _)), Ok(())) = (listener.accept().await, followed.has_changed().map(drop))
            {
                let passing = pass(client, server.clone(), followed.clone(), counted.clone());
                let mut gone = followed.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        // A connection that breaks is what the proxy is for.
                        _ = passing => {}
                        _ = async { while gone.changed().await.is_ok() {} } => {}
                    }
                });
            }
        });
        Self { port, fate, lost }
    }

    /// Where clients connect to: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Decides what becomes of the acknowledgements from now on.
    pub fn acknowledgements(&self, fate: Acknowledgements) {
        self.fate.send_replace(fate);
    }

    /// Acknowledgements that got lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

async fn pass(
    client: TcpStream,
    server: String,
    fate: watch::Receiver<Acknowledgements>,
    lost: Arc<AtomicU64>,
) -> io::Result<()> {
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
            let fate = if is_acknowledgement(&operation) { *fate.borrow() } else { Acknowledgements::Pass };
            match fate {
                Acknowledgements::Pass => to_client.write_all(&operation).await?,
                Acknowledgements::GetLost => _ = lost.fetch_add(1, Ordering::Relaxed),
                Acknowledgements::CutTheConnection => {
                    lost.fetch_add(1, Ordering::Relaxed);
                    return io::Result::Ok(());
                }
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
