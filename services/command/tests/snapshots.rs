//! Snapshots of long streams, in a real file, of a real log.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod bank;
mod counting;

use std::{fs, path::Path};

use annals_command::{Executor, Snapshots};
use annals_core::{
    Catalog, Decider, Domain,
    bus::{CommandReply, CommandRequest},
};
use annals_domains::account::{Account, Command, Event, Refusal};
use annals_nats::{JetStreamLog, Nats};
use annals_testkit::{TestNats, nats};
use bank::{deposit, open};
use counting::Counting;
use serde::{Deserialize, Serialize};
use tempfile::{TempDir, tempdir};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ACCOUNT: Uuid = Uuid::from_u128(7);

/// A command service with snapshots, from its start to its stop.
struct Service {
    executor: Executor<Counting<JetStreamLog>>,
    log: Counting<JetStreamLog>,
    writer: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Service {
    async fn start(server: &TestNats, directory: &Path) -> Self {
        Self::with(server, directory, annals_domains::catalog()).await
    }

    async fn with(server: &TestNats, directory: &Path, catalog: Catalog) -> Self {
        let nats = Nats::connect(&server.url(), "test").await.unwrap();
        nats.prepare().await.unwrap();
        let (log, stop) = (Counting::over(nats.log()), CancellationToken::new());
        let (snapshots, writer) = Snapshots::open(directory).await.unzip();
        let writer = writer.map(|writer| tokio::spawn(writer.write(stop.clone())));
        let executor = Executor::new(log.clone(), catalog).with_snapshots(snapshots);
        Self { executor, log, writer, stop }
    }

    async fn give(&self, command: CommandRequest) -> CommandReply {
        self.executor.execute(command).await
    }

    /// Opens the account and deposits a cent, so often that there are this many commits.
    async fn fill(&self, commits: usize) -> Vec<CommandRequest> {
        let mut given = vec![open(ACCOUNT)];
        given.extend((1..commits).map(|_| deposit(ACCOUNT, 1)));
        for command in &given {
            self.give(command.clone()).await.unwrap();
        }
        given
    }

    /// What a deposit leads to, and how many commits had to be read for it.
    async fn deposit(&self) -> (u64, usize) {
        self.log.commits();
        let version = self.give(deposit(ACCOUNT, 1)).await.unwrap().version;
        (version, self.log.commits())
    }

    async fn stop(self) {
        self.stop.cancel();
        if let Some(writer) = self.writer {
            writer.await.unwrap();
        }
    }
}

/// A log in which the account has so many commits, and a service's directory.
async fn world(commits: usize) -> (TestNats, TempDir) {
    let (server, directory) = (nats().await, tempdir().unwrap());
    let service = Service::start(&server, directory.path()).await;
    service.fill(commits).await;
    service.stop().await;
    (server, directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_is_loaded_from_its_snapshot_and_repeats_are_known_as_before() {
    let (server, directory) = (nats().await, tempdir().unwrap());
    let first = Service::start(&server, directory.path()).await;
    let given = first.fill(1520).await;
    first.stop().await;

    let second = Service::start(&server, directory.path()).await;
    let (version, read) = second.deposit().await;
    assert_eq!(version, 1521);
    assert_eq!(read, 21, "the commit of the snapshot, and the 20 after it");

    second.log.appends();
    for nth in [521, 1000, 1499, 1500, 1519] {
        let repeat = second.give(given[nth].clone()).await.unwrap();
        assert!(repeat.replayed, "command {nth} is among the last 1,000");
        assert_eq!(repeat.version, nth as u64 + 1);
    }
    assert_eq!(second.log.appends(), 0, "nothing had to be tried");
    assert_eq!(second.deposit().await, (1522, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_stream_gets_no_snapshot() {
    let (server, directory) = world(499).await;
    let second = Service::start(&server, directory.path()).await;
    assert_eq!(second.deposit().await, (500, 499));
    second.stop().await;

    // With the 500th commit it is long.
    let third = Service::start(&server, directory.path()).await;
    assert_eq!(third.deposit().await, (501, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_was_long_already_gets_one_when_it_is_loaded() {
    let (server, elsewhere) = world(700).await;
    let directory = tempdir().unwrap();
    let first = Service::start(&server, directory.path()).await;
    assert_eq!(first.deposit().await, (701, 700));
    first.stop().await;
    drop(elsewhere);

    let second = Service::start(&server, directory.path()).await;
    assert_eq!(second.deposit().await, (702, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_of_another_log_are_noticed() {
    let (one, directory) = world(600).await;
    drop(one);

    // Of this log there is nothing at that position.
    let (shorter, _) = world(30).await;
    let service = Service::start(&shorter, directory.path()).await;
    assert_eq!(service.deposit().await.0, 31);
    service.stop().await;

    // Of this one something else stands there.
    let (longer, _) = world(800).await;
    let service = Service::start(&longer, directory.path()).await;
    let (version, read) = service.deposit().await;
    assert_eq!(version, 801);
    assert!(read > 800, "all of them were read, after a look at {}", read - 800);
    service.stop().await;

    // And a snapshot of it has taken the place of the other one.
    let service = Service::start(&longer, directory.path()).await;
    assert_eq!(service.deposit().await, (802, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_no_harm() {
    let (server, directory) = world(600).await;
    let file = directory.path().join("snapshots.db");
    fs::write(&file, "no database").unwrap();

    let service = Service::start(&server, directory.path()).await;
    assert_eq!(service.deposit().await, (601, 600));
    service.stop().await; // a snapshot was taken of what was loaded

    // While it is open, too.
    let service = Service::start(&server, directory.path()).await;
    let length = fs::metadata(&file).unwrap().len();
    fs::write(&file, vec![0x2a; usize::try_from(length).unwrap()]).unwrap();
    assert_eq!(service.deposit().await.0, 602);
    service.stop().await;
    let service = Service::start(&server, directory.path()).await;
    assert_eq!(service.deposit().await.0, 603);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_deleted_or_in_use_is_no_harm() {
    let (server, directory) = world(600).await;
    let service = Service::start(&server, directory.path()).await;
    let other = Service::start(&server, directory.path()).await;
    assert_eq!(other.deposit().await, (601, 600), "the directory is the first one's");

    fs::remove_dir_all(directory.path()).unwrap();
    assert_eq!(service.deposit().await.0, 602);
    service.stop().await;

    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no directory").unwrap();
    let service = Service::start(&server, &file).await;
    assert_eq!(service.deposit().await.0, 603);
}

/// An account by other rules: their states are kept under another revision.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Revised(Account);

impl Decider for Revised {
    const NAME: &'static str = Account::NAME;
    const REVISION: u32 = Account::REVISION + 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        self.0.decide(command)
    }

    fn evolve(self, event: &Event) -> Self {
        Self(self.0.evolve(event))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_does_not_look_at_old_snapshots() {
    let (server, directory) = world(600).await;
    let revised = || Catalog::try_new([Domain::of::<Revised>()]).unwrap();

    let service = Service::with(&server, directory.path(), revised()).await;
    assert_eq!(service.deposit().await, (601, 600));
    service.stop().await;
    let service = Service::with(&server, directory.path(), revised()).await;
    assert_eq!(service.deposit().await, (602, 1), "it has one of its own");
}
