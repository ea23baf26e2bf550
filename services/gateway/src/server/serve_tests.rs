use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{Config, lamp, serve};

const HEAD: &str = "POST /v1/commands HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                    content-type: application/json\r\ncontent-length: 2\r\n\r\n";

#[tokio::test]
async fn what_has_come_in_is_answered_before_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let config = Config { listen, nats: "nats://127.0.0.1:1".into(), nats_monitor: None };
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(serve(listener, config, lamp::catalog(), shutdown.clone()));

    let mut client = TcpStream::connect(listen).await.unwrap();
    client.write_all(HEAD.as_bytes()).await.unwrap();
    let mut proceed = [0; 12];
    client.read_exact(&mut proceed).await.unwrap();
    assert_eq!(&proceed, b"HTTP/1.1 100", "the handler has begun to read the body");

    shutdown.cancel();
    client.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("HTTP/1.1 400 Bad Request") && answer.contains("invalid-payload"), "{answer}");

    timeout(Duration::from_secs(5), served).await.expect("it ends").unwrap().unwrap();
    assert!(TcpStream::connect(listen).await.is_err(), "nobody listens any more");
}
