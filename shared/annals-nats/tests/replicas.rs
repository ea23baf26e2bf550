//! A log that three nodes keep together.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::Duration;

use annals_core::{
    Position,
    log::{Draft, EntryReader, Head, Log, suite},
};
use annals_nats::{JetStreamLog, Nats};
use annals_testkit::{ThreeNodes, eventually_within, three_nodes};
use async_nats::jetstream::{self, stream::Info};
use tokio::{sync::watch, time::timeout};

/// Three servers elect, and agree; a busy machine lets them take their time.
const ELECTED: Duration = Duration::from_mins(1);

/// Three nodes with a log of three replicas, and a connection that knows.
async fn replicated() -> (ThreeNodes, async_nats::Client, JetStreamLog) {
    let nodes = three_nodes();
    let servers: Vec<async_nats::ServerAddr> =
        nodes.url().split(',').map(|url| url.parse().unwrap()).collect();
    let client = async_nats::ConnectOptions::new().retry_on_initial_connect().connect(servers).await.unwrap();
    Nats::connect(&nodes.url(), "first").await.unwrap().prepare().await.unwrap();

    let mut config = info(&client).await.unwrap().config;
    config.num_replicas = 3;
    let jetstream = jetstream::new(client.clone());
    eventually_within(ELECTED, "there are replicas", async || jetstream.update_stream(&config).await.is_ok())
        .await;
    eventually_within(ELECTED, "they are up to date", async || {
        let cluster = info(&client).await.and_then(|info| info.cluster);
        cluster.is_some_and(|it| {
            it.leader.is_some() && it.replicas.iter().filter(|one| one.current).count() == 2
        })
    })
    .await;
    let nats = Nats::connect(&nodes.url(), "test").await.unwrap();
    let log = nats.log(nats.prepare().await.unwrap());
    (nodes, client, log)
}

async fn info(client: &async_nats::Client) -> Option<Info> {
    let stream = jetstream::new(client.clone()).get_stream("EVENTS").await;
    stream.ok().map(|stream| stream.cached_info().clone())
}

/// Stores it once: sent again until the message right after the expected one tells.
async fn store(log: &JetStreamLog, draft: &Draft) -> Head {
    let expected = draft.previous.position;
    loop {
        if let Ok(position) = log.append(draft, expected).await {
            return draft.head(position);
        }
        if let Ok(Some(next)) = log.next_of_chain(expected).await {
            assert!(next.is(draft), "no other writer is there: {next:?}");
            return draft.head(next.position);
        }
    }
}

fn draft(after: Head) -> Draft {
    suite::draft(after, &[suite::commit(&suite::stream(), 0)])
}

/// Reads the whole log, the chain checked.
async fn positions(log: &JetStreamLog, end: Position) -> Vec<Position> {
    let head = Head::start(log.id());
    let tail = eventually_within(ELECTED, "it is followed", async || log.tail("test", 0).await.ok()).await;
    let mut reader = EntryReader::new(tail, head);
    let mut positions = Vec::new();
    while reader.checkpoint().position < end {
        let reads = reader.next(usize::MAX, |foreign| panic!("{foreign:?}")).await.unwrap();
        positions.extend(reads.iter().map(|read| read.checkpoint.position));
    }
    positions
}

#[tokio::test]
async fn entries_follow_each_other_and_one_that_is_sent_again_is_stored_once() {
    let (_nodes, _client, log) = replicated().await;
    assert!(!log.end_is_proof(), "a leader that was cut off would answer, too");
    let mut head = Head::start(log.id());
    for position in 1..=200 {
        let draft = draft(head);
        let expected = head.position;
        head = store(&log, &draft).await;
        assert_eq!(head.position, position);
        if position % 20 == 0 {
            assert!(log.append(&draft, expected).await.is_err(), "it is a duplicate, or stale");
            assert!(log.next_of_chain(expected).await.unwrap().unwrap().is(&draft));
        }
    }
    assert!(log.append(&draft(head), 199).await.is_err(), "it is stale");
    assert_eq!(log.end().await.unwrap(), 200);
    assert_eq!(positions(&log, 200).await, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_killed_leader_costs_time_and_no_entry() {
    let (mut nodes, client, log) = replicated().await;
    let leader = info(&client).await.unwrap().cluster.unwrap().leader.unwrap();
    let (stored, mut so_many) = watch::channel(0);
    let write = async {
        let mut head = Head::start(log.id());
        for _ in 0..500 {
            head = store(&log, &draft(head)).await;
            stored.send_replace(head.position);
        }
        head
    };
    let kill = async {
        so_many.wait_for(|stored| *stored > 100).await.unwrap();
        nodes.kill(&leader);
    };

    let (head, ()) = timeout(ELECTED, async { tokio::join!(write, kill) }).await.unwrap();

    assert_eq!(head.position, 500, "each is stored, and once");
    let end =
        eventually_within(ELECTED, "the leader says where it ends", async || log.end().await.ok()).await;
    assert_eq!(end, 500);
    assert_eq!(positions(&log, 500).await, (1..=500).collect::<Vec<_>>());
}
