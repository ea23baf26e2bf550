//! A log that three nodes keep together.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "common/mod.rs"]
mod commits;

use std::{collections::BTreeSet, time::Duration};

use annals_core::Commit;
use annals_nats::{Appended, JetStreamLog, Log, LogError, Nats, Scope};
use annals_testkit::{ThreeNodes, eventually_within, three_nodes};
use async_nats::jetstream::{self, stream::Info};
use futures_util::{StreamExt, future::join_all};
use tokio::sync::watch;

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
    nats.prepare().await.unwrap();
    (nodes, client, nats.log())
}

async fn info(client: &async_nats::Client) -> Option<Info> {
    let stream = jetstream::new(client.clone()).get_stream("EVENTS").await;
    stream.ok().map(|stream| stream.cached_info().clone())
}

fn firsts(count: usize) -> Vec<Commit> {
    (0..count).map(|_| commits::commit(&commits::stream("thing"), 0)).collect()
}

#[tokio::test]
async fn many_at_once_go_one_by_one_and_each_is_told_its_own_outcome() {
    let (_nodes, client, log) = replicated().await;
    let passers = client.subscribe("events.>").await.unwrap();
    client.flush().await.unwrap();
    let firsts = firsts(200);

    let told = join_all(firsts.iter().map(|commit| log.append(commit, 0))).await;
    let mut positions = BTreeSet::new();
    for told in told {
        let Appended::Stored(stored) = told.unwrap() else { panic!("the stream is new") };
        positions.insert(stored.position);
    }
    assert_eq!(positions, (1..=200).collect());
    for message in passers.take(200).collect::<Vec<_>>().await {
        assert!(message.headers.unwrap().get("Nats-Batch-Id").is_none(), "three nodes group by themselves");
    }

    // Again, and others in their place: what is stored is said to be, what is stale is told by whom.
    let again = firsts.iter().map(|commit| log.append(commit, 0));
    for (told, first) in join_all(again).await.into_iter().zip(&firsts) {
        assert!(matches!(told.unwrap(), Appended::Stored(stored) if stored.commit.id == first.id));
    }
    let rivals: Vec<_> = firsts.iter().map(|first| commits::commit(&first.stream, 0)).collect();
    for (told, first) in join_all(rivals.iter().map(|rival| log.append(rival, 0))).await.iter().zip(&firsts) {
        let Ok(Appended::Overtaken(others)) = told else { panic!("{told:?}") };
        assert_eq!(others.iter().map(|other| other.commit.id).collect::<Vec<_>>(), [first.id]);
    }
    assert_eq!(log.last(&Scope::All).await.unwrap(), 200);
}

#[tokio::test]
async fn a_killed_leader_costs_time_and_no_commit() {
    let (mut nodes, client, log) = replicated().await;
    let leader = info(&client).await.unwrap().cluster.unwrap().leader.unwrap();
    let (told, mut first_told) = watch::channel(0);
    let writers = join_all((0..50).map(|_| async {
        let (stream, mut last) = (commits::stream("thing"), 0);
        for version in 0..10 {
            last = stored(&log, &commits::commit(&stream, version), last).await;
            told.send_modify(|told| *told += 1);
        }
        last
    }));
    let killed = async {
        first_told.wait_for(|told| *told > 100).await.unwrap();
        nodes.kill(&leader);
    };

    let (lasts, ()) = tokio::time::timeout(ELECTED, async { tokio::join!(writers, killed) }).await.unwrap();

    assert_eq!(lasts.into_iter().max(), Some(500), "each is stored, and once");
    assert_eq!(log.last(&Scope::All).await.unwrap(), 500);
}

/// Appends it, again and again if nobody can say what became of it.
async fn stored(log: &JetStreamLog, commit: &Commit, expected: u64) -> u64 {
    loop {
        match log.append(commit, expected).await {
            Ok(Appended::Stored(stored)) => return stored.position,
            Ok(Appended::Overtaken(others)) => panic!("nobody else writes there: {others:?}"),
            Err(LogError::OutcomeUnknown(_) | LogError::Unavailable(_)) => {}
            Err(error @ LogError::Commit(_)) => panic!("{error}"),
        }
    }
}
