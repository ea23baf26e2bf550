//! Clients that follow the log and never read it.

use std::time::Duration;

use annals_testkit::{Client, Cluster, eventually_within};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use uuid::Uuid;

use crate::memory;

const CLIENTS: usize = 200;
/// More than fits into the buffers of a connection, in commits of 4 KiB.
const COMMITS: usize = 300;
/// What they may cost all together: half a MiB each, and the gateway itself.
const MOST_KIB: u64 = 160 * 1024;
/// They are cut after 10 s.
const PATIENCE: Duration = Duration::from_mins(1);

async fn fill(client: &Client) {
    let note = "x".repeat(4000);
    let publish = json!({ "author": "Ada", "content": "Hello" });
    let commands = (0..COMMITS).map(|_| {
        let command = json!({ "command": "post.publish", "id": Uuid::new_v4(), "data": publish, "metadata": { "note": note } });
        let given = client.post("/v1/commands", &command);
        async { given.await.accepted() }
    });
    assert_eq!(stream::iter(commands).buffer_unordered(16).count().await, COMMITS);
}

async fn follow(client: &Client) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = client.base_url().strip_prefix("http://").unwrap().parse().unwrap();
    let mut connection = socket.connect(address).await.unwrap();
    let request = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    connection.write_all(request).await.unwrap();
    let mut status = [0; 12];
    connection.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    connection
}

async fn metric(client: &Client, series: &str) -> u64 {
    let text = client.get("/metrics").await.text;
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().expect("a whole number"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute or more; .ci/full runs it"]
async fn two_hundred_that_never_read_cost_little_and_are_cut() {
    let cluster = Cluster::start().await;
    fill(&cluster).await;
    let silent = stream::iter(0..CLIENTS).then(async |_| follow(&cluster).await).collect::<Vec<_>>().await;
    eventually_within(PATIENCE, "each of them is cut", async || {
        metric(&cluster, "annals_http_cut_off_total{over=\"stream\"}").await == CLIENTS as u64
    })
    .await;
    assert_eq!(metric(&cluster, "annals_http_followers").await, 0);
    let peak = memory::peak_kib(cluster.pids()["gateway-1"]);
    println!("{CLIENTS} clients that read nothing: at most {peak} KiB in the gateway");
    assert!(peak < MOST_KIB, "{peak} KiB");
    drop(silent);
}
