//! What clients do to a server, with limits that are soon reached.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::*;
use crate::{gateway, lamp, router};

const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(10);

const COMMAND: &str = "POST /v1/commands HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                       content-type: application/json\r\ncontent-length: 2\r\n\r\n";
const PROBE: &str = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server that reaches no log; dropping it stops it.
struct Server {
    address: SocketAddr,
    served: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Server {
    /// Nothing runs out by itself but what a test says.
    async fn start(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits =
            Limits { head: LATE, body: LATE, stall: LATE, linger: SOON, drain: LATE, ..Limits::PRODUCTION };
        change(&mut limits);
        Self::serving(router(gateway::offline(lamp::catalog(), limits).await), limits).await
    }

    async fn serving(router: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Self { address, served, shutdown }
    }

    async fn send(&self, bytes: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(bytes.as_bytes()).await.unwrap();
        client
    }

    /// Everything that is answered until the server closes.
    async fn answer(&self, bytes: &str) -> String {
        rest(self.send(bytes).await).await
    }

    /// Whether it takes a connection.
    async fn answers(&self) -> bool {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(PROBE.as_bytes()).await.is_ok()
            && client.read(&mut [0]).await.is_ok_and(|read| read > 0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn rest(mut client: TcpStream) -> String {
    let mut answer = Vec::new();
    let end = timeout(LATE / 2, client.read_to_end(&mut answer)).await.expect("the server closes");
    end.expect("it is not reset");
    String::from_utf8(answer).unwrap()
}

#[track_caller]
fn is_problem(answer: &str, status: &str, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("content-type: application/problem+json") && head.contains("\r\ndate: "),
        "{answer}"
    );
    assert!(head.contains(&format!("\r\ncontent-length: {}", body.len())), "{answer}");
    assert!(body.contains(&format!("\"code\":\"{code}\"")), "{answer}");
}

#[tokio::test]
async fn what_has_come_in_is_answered_before_the_end() {
    let mut server = Server::start(|_| {}).await;
    let mut client = server.send(COMMAND).await;
    let mut proceed = [0; 12];
    client.read_exact(&mut proceed).await.unwrap();
    assert_eq!(&proceed, b"HTTP/1.1 100", "the handler has begun to read the body");

    let _silent = server.send("").await;
    let _begun = server.send("GET /livez HT").await;
    assert!(server.answers().await, "so those before it are connected");
    server.shutdown.cancel();
    client.write_all(b"{}").await.unwrap();
    let answer = rest(client).await;
    assert!(answer.contains("HTTP/1.1 400 Bad Request") && answer.contains("invalid-payload"), "{answer}");

    timeout(LATE / 2, &mut server.served).await.expect("it ends").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn who_sends_nothing_is_closed_and_half_a_head_is_told_why() {
    let server = Server::start(|limits| limits.head = SOON).await;
    assert_eq!(server.answer("").await, "");
    is_problem(&server.answer("GET /livez HT").await, "408", "request-timeout");
    let answer = server.answer(PROBE).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with('}'), "an idle one is closed: {answer}");
}

#[tokio::test]
async fn half_a_body_is_told_why() {
    let server = Server::start(|limits| limits.body = SOON).await;
    let answer = server.answer(COMMAND).await;
    let (proceed, answer) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(proceed, "HTTP/1.1 100 Continue");
    is_problem(answer, "408", "request-timeout");
}

#[tokio::test]
async fn a_body_that_drips_is_not_waited_for() {
    let server = Server::start(|limits| limits.body = SOON).await;
    let mut client = server.send(&COMMAND.replace(": 2", ": 200000")).await;
    let begun = Instant::now();
    while client.write_all(b" ").await.is_ok() {
        assert!(begun.elapsed() < LATE / 2, "it is cut");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_does_not_read_is_cut() {
    let large = axum::routing::get(async || "x".repeat(64 * 1024 * 1024)); // no socket's buffers hold that
    let limits = Limits { stall: SOON, ..Limits::PRODUCTION };
    let server = Server::serving(Router::new().route("/", large), limits).await;
    let client = TcpSocket::new_v4().unwrap();
    client.set_recv_buffer_size(4096).unwrap();
    let mut client = client.connect(server.address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let reset = timeout(LATE / 2, client.ready(tokio::io::Interest::ERROR)).await;
    assert!(reset.expect("it is cut").unwrap().is_error());
}

#[tokio::test]
async fn what_is_no_request_is_a_problem() {
    let server = Server::start(|limits| limits.head_bytes = 8192).await;
    let many = "x: y\r\n".repeat(101);
    let long = "x".repeat(100_000);
    for (sent, status, code) in [
        ("\0\u{1}\u{2}\r\n\r\n", "400", "malformed-request"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400", "malformed-request"),
        ("GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", "400", "malformed-request"),
        (&format!("GET / HTTP/1.1\r\n{many}\r\n"), "431", "head-too-large"),
        (&format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), "431", "head-too-large"),
        ("GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n", "400", "invalid-header"),
    ] {
        is_problem(&server.answer(sent).await, status, code);
    }
    let both = server.answer(&format!("{PROBE}nonsense\r\n\r\n")).await;
    let (good, bad) = both.split_once('}').unwrap();
    assert!(good.starts_with("HTTP/1.1 200"), "{both}");
    is_problem(bad, "400", "malformed-request");
}

#[tokio::test]
async fn who_sends_too_much_still_reads_why() {
    let server = Server::start(|limits| limits.linger = LATE).await;
    let mut client = server.send(&COMMAND.replace(": 2", ": 8000000")).await;
    client.write_all(" ".repeat(8_000_000).as_bytes()).await.unwrap();
    is_problem(&rest(client).await, "413", "payload-too-large");
}

#[tokio::test]
async fn beyond_the_last_place_a_command_is_shed_and_reads_and_health_are_not() {
    let server = Server::start(|limits| (limits.commands, limits.reads) = (1, 1)).await;
    let mut first = server.send(COMMAND).await;
    first.read_exact(&mut [0; 25]).await.unwrap();

    let close = "host: x\r\nconnection: close\r\n\r\n";
    let shed = server.answer(&format!("POST /v1/commands HTTP/1.1\r\n{close}")).await;
    is_problem(&shed, "503", "unavailable");
    assert!(shed.contains("\r\nretry-after: 1\r\n"), "{shed}");
    for path in ["/v1/views", "/livez", "/metrics"] {
        let exempt = server.answer(&format!("GET {path} HTTP/1.1\r\n{close}")).await;
        assert!(exempt.starts_with("HTTP/1.1 200"), "{exempt}");
    }

    first.write_all(b"{}").await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 400");
}

#[tokio::test]
async fn beyond_the_last_connection_there_is_none() {
    let server = Server::start(|limits| limits.connections = 1).await;
    let mut first = server.send(PROBE).await;
    first.read_exact(&mut [0; 12]).await.unwrap();

    let mut second = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(timeout(LATE / 2, second.read(&mut [0])).await.expect("it is closed").unwrap(), 0);
    drop(first);
    let taken = async { while !server.answers().await {} };
    timeout(LATE / 2, taken).await.expect("there is a place again");
}
