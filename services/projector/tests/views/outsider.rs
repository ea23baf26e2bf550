//! Somebody on the server who is none of ours, and does to it what we never would.

use annals_testkit::TestNats;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// A connection that speaks the protocol of NATS by hand.
pub struct Outsider(BufReader<TcpStream>);

impl Outsider {
    pub async fn on(server: &TestNats) -> Self {
        let url = server.url();
        let stream = TcpStream::connect(url.strip_prefix("nats://").unwrap()).await.unwrap();
        let mut outsider = Self(BufReader::new(stream));
        assert!(outsider.line().await.starts_with("INFO "));
        outsider.send(b"CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB mine 1\r\n").await;
        outsider
    }

    /// Asks, and gives the answer as JSON.
    pub async fn ask(&mut self, subject: &str, payload: &str) -> Value {
        self.send(format!("PUB {subject} mine {}\r\n{payload}\r\n", payload.len()).as_bytes()).await;
        serde_json::from_slice(&self.message().await).unwrap()
    }

    /// Asks, and throws the answers away, whatever they are.
    pub async fn take(&mut self, subject: &str, payload: &str, answers: usize) {
        self.send(format!("PUB {subject} mine {}\r\n{payload}\r\n", payload.len()).as_bytes()).await;
        for _ in 0..answers {
            self.message().await;
        }
    }

    async fn message(&mut self) -> Vec<u8> {
        loop {
            let line = self.line().await;
            if line.starts_with("PING") {
                self.send(b"PONG\r\n").await;
            } else if line.starts_with("MSG") || line.starts_with("HMSG") {
                let length: usize = line.split_whitespace().last().unwrap().parse().unwrap();
                let mut payload = vec![0; length + 2];
                self.0.read_exact(&mut payload).await.unwrap();
                payload.truncate(length);
                return payload;
            } else {
                panic!("the server says {line}");
            }
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
    }
}
