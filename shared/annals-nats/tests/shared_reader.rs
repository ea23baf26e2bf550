//! One reader per process: followers wherever they are get everything once, in order, whatever happens to the
//! server and to the consumer.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::Duration;

use annals_core::{
    Position,
    log::{Entry, Head, Log, LogError, Read, ReadError, SUBJECT, suite},
};
use annals_nats::{Follower, JetStreamLog, Nats, SharedReader};
use annals_testkit::{TestNats, eventually, eventually_within, nats, raw};
use async_nats::jetstream;
use futures_util::TryStreamExt;
use serde_json::json;
use tokio::time::timeout;

const NAME: &str = "projector-1";
const SOON: Duration = Duration::from_secs(20);

struct World {
    server: TestNats,
    log: JetStreamLog,
    /// Of every entry, and before the first one.
    heads: Vec<Head>,
}

impl World {
    async fn start() -> Self {
        let server = nats().await;
        let nats = Nats::connect(&server.url(), "test").await.unwrap();
        let log = nats.log(nats.prepare().await.unwrap());
        let heads = vec![Head::start(log.id())];
        Self { server, log, heads }
    }

    fn reader(&self) -> SharedReader<JetStreamLog> {
        SharedReader::new(self.log.clone(), NAME)
    }

    async fn append(&mut self, entries: usize) {
        for _ in 0..entries {
            let head = *self.heads.last().unwrap();
            let draft = suite::draft(head, &[suite::commit(&suite::stream(), 0)]);
            self.heads.push(draft.head(self.log.append(&draft, head.position).await.unwrap()));
        }
    }

    /// The names of the consumers that the server has, in order.
    async fn consumers(&self) -> Vec<String> {
        let jetstream = jetstream::new(async_nats::connect(self.server.url()).await.unwrap());
        let stream = jetstream.get_stream("EVENTS").await.unwrap();
        let mut names: Vec<_> = stream.consumer_names().try_collect().await.unwrap();
        names.sort();
        names
    }

    /// After a restart the client has to come back before something can be appended.
    async fn answers(&self) {
        eventually("the log answers again", async || self.log.end().await.is_ok()).await;
    }
}

/// Reads up to a position, and checks that nothing is missing and nothing comes twice.
async fn read_to(follower: &mut Follower<JetStreamLog>, end: Position) -> Vec<Read> {
    let begun = follower.checkpoint().position;
    let mut all = Vec::new();
    let reading = async {
        while follower.checkpoint().position < end {
            let reads = follower.next(64 * 1024).await.unwrap();
            assert_eq!(follower.checkpoint(), reads.last().unwrap().checkpoint);
            all.extend(reads);
        }
    };
    timeout(SOON, reading).await.unwrap_or_else(|_| panic!("stuck at {:?}", follower.checkpoint()));
    let positions: Vec<_> = all.iter().map(|read| read.checkpoint.position).collect();
    assert_eq!(positions, (begun + 1..=follower.checkpoint().position).collect::<Vec<_>>());
    all
}

fn is_away(error: &ReadError) -> bool {
    matches!(error, ReadError::Log(LogError::Disconnected | LogError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_at_different_checkpoints_all_get_everything_once_and_in_order() {
    let mut world = World::start().await;
    world.append(400).await;
    let shared = world.reader();
    let begin = [0, 1, 50, 200, 399, 400];
    let mut followers: Vec<_> = begin.iter().map(|at| shared.follow(world.heads[*at])).collect();
    let following = followers.drain(..).map(|mut follower| {
        tokio::spawn(async move {
            read_to(&mut follower, 700).await;
            follower
        })
    });
    let following: Vec<_> = following.collect();
    world.append(300).await;
    for one in following {
        followers.push(one.await.unwrap());
    }
    assert!(followers.iter().all(|it| it.checkpoint().head == world.heads[700]), "all see the same chain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_is_behind_catches_up_and_joins_and_leaves_one_consumer() {
    let mut world = World::start().await;
    world.append(1000).await;
    let shared = world.reader();
    let mut at_the_tail = shared.follow(world.heads[1000]);
    world.append(1).await;
    read_to(&mut at_the_tail, 1001).await;
    assert_eq!(world.consumers().await, [NAME]);

    let mut behind: Vec<_> = [0, 10, 500].iter().map(|at| shared.follow(world.heads[*at])).collect();
    for follower in &mut behind {
        follower.next(1).await.unwrap();
    }
    assert_eq!(world.consumers().await.len(), 4, "each reads for itself");
    for follower in &mut behind {
        read_to(follower, 1001).await;
    }
    world.append(1).await;
    for follower in behind.iter_mut().chain([&mut at_the_tail]) {
        read_to(follower, 1002).await;
    }
    eventually("the others are gone", async || world.consumers().await == [NAME]).await;

    let mut dropped = shared.follow(world.heads[0]);
    dropped.next(1).await.unwrap();
    assert_eq!(world.consumers().await.len(), 2);
    drop(dropped);
    eventually("with its follower a consumer goes", async || world.consumers().await == [NAME]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_of_an_empty_log_get_its_first_entry() {
    let mut world = World::start().await;
    let shared = world.reader();
    let mut followers = [shared.follow(world.heads[0]), shared.follow(world.heads[0])];
    let [one, other] = &mut followers;
    let (first, second, ()) = tokio::join!(read_to(one, 1), read_to(other, 1), world.append(1));
    assert!(first[0].entry.is_some() && second[0].entry.is_some());
    let clone = |read: &Read| read.entry.clone().unwrap();
    assert!(std::sync::Arc::ptr_eq(&clone(&first[0]), &clone(&second[0])), "it was parsed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_an_error_for_all_and_new_followers_go_on() {
    let mut world = World::start().await;
    world.append(20).await;
    let shared = world.reader();
    let mut followers: Vec<_> = (0..3).map(|_| shared.follow(world.heads[10])).collect();
    for round in 0..3 {
        let end = world.heads.len() as Position - 1;
        for follower in &mut followers {
            read_to(follower, end).await;
        }
        world.server.kill().await;
        for follower in &mut followers {
            let lost = timeout(SOON, follower.next(1)).await.expect("it is noticed").unwrap_err();
            assert!(is_away(&lost), "round {round}: {lost:?}");
        }
        world.server.restart().await;
        world.answers().await;
        followers = followers.iter().map(|it| shared.follow(it.checkpoint().head)).collect();
        world.append(5).await;
    }
    let end = world.heads.len() as Position - 1;
    for follower in &mut followers {
        read_to(follower, end).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_is_an_error_and_a_new_follower_goes_on() {
    let mut world = World::start().await;
    world.append(3).await;
    let shared = world.reader();
    let mut follower = shared.follow(world.heads[0]);
    read_to(&mut follower, 3).await;
    world.server.pause();
    let lost = timeout(Duration::from_secs(40), follower.next(1)).await.expect("it is noticed").unwrap_err();
    assert!(is_away(&lost), "{lost:?}");
    world.server.resume();
    world.answers().await;
    world.append(1).await;
    read_to(&mut shared.follow(follower.checkpoint().head), 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_message_between_entries_moves_the_position_and_nothing_else() {
    let mut world = World::start().await;
    world.append(2).await;
    raw(&world.server.url(), SUBJECT, "garbage").await;
    raw(&world.server.url(), "events.other", "[]").await;
    let shared = world.reader();
    let mut follower = shared.follow(world.heads[0]);
    let reads = read_to(&mut follower, 4).await;
    let entries: Vec<_> = reads.iter().map(|read| read.entry.is_some()).collect();
    assert_eq!(entries, [true, true, false, false]);
    assert_eq!((reads[3].checkpoint.position, reads[3].checkpoint.head), (4, world.heads[2]));

    // The writer expects the last message on the subject, and names the last entry.
    let draft = suite::draft(world.heads[2], &[suite::commit(&suite::stream(), 0)]);
    assert_eq!(world.log.append(&draft, 3).await.unwrap(), 5);
    let mut again = shared.follow(world.heads[2]); // one that was at the head reads them again
    for follower in [&mut follower, &mut again] {
        let last = read_to(follower, 5).await.pop().unwrap();
        assert_eq!(last.checkpoint.head, draft.head(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_read_stops_all_followers_in_front_of_it() {
    let mut world = World::start().await;
    world.append(2).await;
    let shared = world.reader();
    let mut followers = [shared.follow(world.heads[0]), shared.follow(world.heads[2])];
    let mut broken = suite::draft(world.heads[2], &[]);
    broken.body = "[{}]".into();
    broken.hash = broken.previous.hash.after(&broken.body);
    world.log.append(&broken, 2).await.unwrap();
    read_to(&mut followers[0], 2).await;
    for follower in &mut followers {
        let stopped = timeout(SOON, follower.next(1)).await.unwrap().unwrap_err();
        assert!(matches!(stopped, ReadError::Entry(_)), "{stopped:?}");
        assert_eq!(follower.checkpoint().position, 2);
    }
    let again = timeout(SOON, shared.follow(world.heads[2]).next(1)).await.unwrap();
    assert!(matches!(again, Err(ReadError::Entry(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_was_deleted_is_made_again() {
    let mut world = World::start().await;
    world.append(3).await;
    let shared = world.reader();
    let mut follower = shared.follow(world.heads[0]);
    read_to(&mut follower, 3).await;
    raw(&world.server.url(), &format!("$JS.API.CONSUMER.DELETE.EVENTS.{NAME}"), "").await;
    world.append(3).await;
    // The first one may find out only when it has been silent for a while.
    let lost = timeout(SOON, follower.next(1)).await.expect("it is noticed").unwrap_err();
    assert!(is_away(&lost), "{lost:?}");
    let mut follower = shared.follow(follower.checkpoint().head);
    read_to(&mut follower, 6).await;
    assert_eq!(world.consumers().await, [NAME]);
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_that_the_ring_has_left_behind_still_get_everything() {
    const ENTRIES: usize = 160;
    let mut world = World::start().await;
    let shared = world.reader();
    let mut slow = [shared.follow(world.heads[0]), shared.follow(world.heads[0])];
    let mut quick = shared.follow(world.heads[0]);
    world.append(1).await;
    for follower in slow.iter_mut().chain([&mut quick]) {
        read_to(follower, 1).await; // all are at the tail
    }
    // Twice what the ring holds.
    let text = json!("x".repeat(Entry::MAX_BYTES / 4)).to_string();
    let large = async {
        for _ in 0..ENTRIES {
            let mut commit = suite::commit(&suite::stream(), 0);
            let data = format!(r#"{{"text":{text}}}"#);
            commit.events[0].data = serde_json::value::RawValue::from_string(data).unwrap();
            let head = *world.heads.last().unwrap();
            let draft = suite::draft(head, &[commit]);
            world.heads.push(draft.head(world.log.append(&draft, head.position).await.unwrap()));
        }
    };
    let end = ENTRIES as Position + 1;
    let ((), read) = tokio::join!(large, read_to(&mut quick, end));
    assert_eq!(read.len(), ENTRIES);
    for follower in &mut slow {
        read_to(follower, end).await;
    }
    world.append(1).await;
    for follower in slow.iter_mut().chain([&mut quick]) {
        read_to(follower, end + 1).await;
    }
    eventually_within(SOON, "one consumer is left", async || world.consumers().await == [NAME]).await;
}
