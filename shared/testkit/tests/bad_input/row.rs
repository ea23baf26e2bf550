//! A row of the table: what is sent, byte by byte, and what has to be answered.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(10);

/// What is sent, and what has to be answered.
#[derive(Debug)]
pub struct Row {
    head: Vec<u8>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    pointer: Option<&'static str>,
}

impl Row {
    /// Bytes as they are, which must make the server close.
    pub fn raw(bytes: impl AsRef<[u8]>, status: u16, code: &'static str) -> Self {
        Self { head: bytes.as_ref().to_vec(), body: Vec::new(), status, code, pointer: None }
    }

    /// A request without a body.
    pub fn request(method: &str, target: &str, status: u16, code: &'static str) -> Self {
        let head = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        Self::raw(head, status, code)
    }

    /// A read.
    pub fn get(target: &str, status: u16, code: &'static str) -> Self {
        Self::request("GET", target, status, code)
    }

    /// JSON, or what is sent as such.
    pub fn post(target: &str, body: impl AsRef<[u8]>, status: u16, code: &'static str) -> Self {
        let row = Self::request("POST", target, status, code).header("content-type: application/json");
        row.body(body)
    }

    /// Another header line.
    pub fn header(mut self, line: impl AsRef<[u8]>) -> Self {
        self.head.truncate(self.head.len() - 2);
        self.head.extend_from_slice(line.as_ref());
        self.head.extend_from_slice(b"\r\n\r\n");
        self
    }

    /// A body of known length.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        let line = format!("content-length: {}", self.body.len());
        self.header(line)
    }

    /// One of the `errors` points there.
    pub fn at(self, pointer: &'static str) -> Self {
        Self { pointer: Some(pointer), ..self }
    }

    /// Sends it, and says in which way the answer is another one.
    pub async fn check(&self, base_url: &str) -> Result<(), String> {
        let answer = timeout(DEADLINE, self.send(base_url)).await.unwrap_or_else(|_| "no end".into());
        self.compare(&answer).map_err(|difference| {
            let sent = [&self.head[..], &self.body].concat();
            let sent: String = String::from_utf8_lossy(&sent).chars().take(300).collect();
            format!("{sent:?}\n    {difference}\n    {answer:?}")
        })
    }

    async fn send(&self, base_url: &str) -> String {
        let mut client = TcpStream::connect(base_url.trim_start_matches("http://")).await.unwrap();
        // A server that has seen enough may stop reading: its answer counts.
        let _ = client.write_all(&[&self.head[..], &self.body].concat()).await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn compare(&self, answer: &str) -> Result<(), String> {
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("that is no answer")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let problem: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let code = problem["code"].as_str().unwrap_or_default();
        if (status, code) != (self.status, self.code) {
            return Err(format!("{} {} is due, and {status} {code} came", self.status, self.code));
        }
        let said = |name: &str| problem[name].as_str().is_some_and(|text| !text.is_empty());
        let is_problem = head.contains("content-type: application/problem+json")
            && problem["status"] == status
            && problem["type"] == format!("/problems/{code}")
            && said("title")
            && said("detail");
        if !is_problem {
            return Err("that is not a whole problem".into());
        }
        let errors = problem["errors"].as_array().into_iter().flatten();
        let mut pointers = errors.map(|error| error["pointer"].as_str());
        match self.pointer {
            Some(pointer) if pointers.all(|other| other != Some(pointer)) => {
                Err(format!("nothing points at {pointer:?}"))
            }
            _ => Ok(()),
        }
    }
}
