//! A client on the server that is none of ours, and does to it what we never would.

use annals_testkit::TestNats;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use uuid::Uuid;

/// A connection that speaks the protocol of NATS by hand.
pub struct Outsider {
    stream: BufReader<TcpStream>,
    inbox: Uuid,
}

impl Outsider {
    pub async fn on(server: &TestNats) -> Self {
        let url = server.url();
        let stream = TcpStream::connect(url.strip_prefix("nats://").unwrap()).await.unwrap();
        let mut outsider = Self { stream: BufReader::new(stream), inbox: Uuid::new_v4() };
        assert!(outsider.line().await.starts_with("INFO "));
        let inbox = outsider.inbox;
        outsider.send(&format!("CONNECT {{\"verbose\":false,\"headers\":true}}\r\nSUB {inbox} 1\r\n")).await;
        outsider
    }

    /// Asks, and gives the answer as JSON.
    pub async fn ask(&mut self, subject: &str, payload: &str) -> Value {
        serde_json::from_slice(&self.take(subject, payload).await).unwrap()
    }

    /// Asks, and gives the first thing that comes back.
    pub async fn take(&mut self, subject: &str, payload: &str) -> Vec<u8> {
        let (inbox, length) = (self.inbox, payload.len());
        self.send(&format!("PUB {subject} {inbox} {length}\r\n{payload}\r\n")).await;
        self.message().await
    }

    async fn message(&mut self) -> Vec<u8> {
        loop {
            let line = self.line().await;
            if line.starts_with("PING") {
                self.send("PONG\r\n").await;
            } else if line.starts_with("MSG") || line.starts_with("HMSG") {
                let length: usize = line.split_whitespace().last().unwrap().parse().unwrap();
                let mut payload = vec![0; length + 2];
                self.stream.read_exact(&mut payload).await.unwrap();
                payload.truncate(length);
                return payload;
            } else {
                panic!("the server says {line}");
            }
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        line
    }

    async fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).await.unwrap();
    }
}
