//! A gateway that says what it is told to say, word for word, and hangs up.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use annals_client::Client;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Answers one request on each connection.
pub struct Fake {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    at_work: JoinHandle<()>,
}

/// What a client sent.
#[derive(Debug, Clone)]
pub struct Request {
    head: String,
    body: String,
}

impl Request {
    /// `POST /v1/commands`
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1")
    }

    /// The value of a header; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        let values = self.head.lines().filter_map(|line| line.split_once(": "));
        values.clone().find(|(it, _)| it.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Fake {
    /// Gives these answers, one after the other. Nothing is answered with nothing: it hangs up. After the
    /// last one, nobody is there.
    pub async fn answering(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<_>>> = Arc::default();
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        let heard = requests.clone();
        let at_work = tokio::spawn(async move {
            while let Some(answer) = answers.pop_front() {
                let (connection, _) = listener.accept().await.unwrap();
                let mut connection = BufReader::new(connection);
                let request = listen(&mut connection).await;
                heard.lock().unwrap().push(request);
                connection.write_all(answer.as_bytes()).await.unwrap();
                connection.shutdown().await.unwrap();
            }
        });
        Self { port, requests, at_work }
    }

    /// A client of it that gives up after 60 s.
    pub fn client(&self) -> Client {
        let address = format!("http://127.0.0.1:{}", self.port);
        Client::try_new(&address).unwrap()
    }

    /// What it was asked, after it has said everything.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.at_work.abort();
    }
}

async fn listen(connection: &mut BufReader<TcpStream>) -> Request {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).await.unwrap(), 0, "a whole request: {head}");
    }
    let mut request = Request { head, body: String::new() };
    let mut body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    connection.read_exact(&mut body).await.unwrap();
    request.body = String::from_utf8(body).unwrap();
    request
}

/// An answer with a JSON body. The headers end with line ends.
pub fn answer(status: u16, headers: &str, body: &Value) -> String {
    let body = body.to_string();
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

/// Nothing: it hangs up.
pub fn nothing() -> String {
    String::new()
}

/// A problem, and when to come back.
pub fn problem(status: u16, code: &str) -> String {
    let body = json!({
        "type": format!("/problems/{code}"), "title": "No", "status": status, "detail": "No.",
        "instance": "/v1/commands", "code": code,
    });
    answer(status, "retry-after: 0\r\n", &body)
}
