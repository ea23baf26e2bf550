//! One activation, one of each: a confirmation, a membership, a mail to the creator. However often the
//! reactor is killed in the midst of it.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::time::{Duration, Instant};

use annals_testkit::{Client, Cluster, Ledger, Service, eventually_within};
use futures_util::{TryStreamExt, future::join_all};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use uuid::{Builder, Uuid};

/// How often the reactor is killed while there is something to be done.
const KILLS: usize = 20;
/// Subscriptions that are activated from one kill to the next.
const ACTIVATED: usize = 16;
/// What reactors do about an activation: ask for two mails, send both, tell the reward.
const REACTIONS: usize = 5;
/// How long the reactor may take for anything.
const PATIENCE: Duration = Duration::from_secs(40);
/// What nobody has noted as done comes again after two seconds. Later than that there is no more to come.
const QUIET: Duration = Duration::from_secs(3);

/// The log, read over HTTP as it grows.
struct Log {
    client: Client,
    read_to: u64,
    events: Vec<Value>,
    grew_at: Instant,
}

impl Log {
    fn new(client: Client) -> Self {
        Self { client, read_to: 0, events: Vec::new(), grew_at: Instant::now() }
    }

    async fn read_on(&mut self) {
        let mut events = self.client.typed().events().after(self.read_to).all();
        while let Some(event) = events.try_next().await.unwrap() {
            self.read_to = event.position;
            self.events.push(serde_json::to_value(event).unwrap());
            self.grew_at = Instant::now();
        }
    }

    fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(move |event| event["type"] == kind)
    }

    /// Mails that this reactor has asked for.
    fn asked_by(&self, reactor: &str) -> impl Iterator<Item = &Value> {
        self.of("NotificationRequested").filter(move |event| event["data"]["reactor"] == reactor)
    }

    /// What reactors have done.
    fn done(&self) -> usize {
        let by_reactor = |event: &&Value| event["actor"].as_str().unwrap().starts_with("reactor:");
        self.events.iter().filter(by_reactor).count()
    }

    /// What they have still to do about all that has happened so far. Those who leave make one more.
    fn under_way(&self) -> usize {
        let activated = self.of("SubscriptionActivated").count() * REACTIONS;
        let to_be_done = activated + self.of("SubscriptionCancelled").count();
        to_be_done.checked_sub(self.done()).expect("reactors do nothing that is not to be done")
    }
}

fn any_id(random: &mut StdRng) -> Uuid {
    Builder::from_random_bytes(random.random()).into_uuid()
}

async fn give(client: &Client, category: &str, id: Uuid, command: &str, data: &Value) {
    let _ = client.post(&format!("/v1/commands/{category}/{id}/{command}"), data).await.accepted();
}

/// A subscription is paid for, and perhaps cancelled at once.
async fn subscribe(client: &Client, id: Uuid, reward: Uuid, leaves: bool) {
    let start = json!({ "reward_id": reward, "subscriber_email": format!("{id}@example.com") });
    give(client, "subscription", id, "start", &start).await;
    give(client, "subscription", id, "activate", &json!({ "stripe_key": "sub_1" })).await;
    if leaves {
        give(client, "subscription", id, "cancel", &json!({})).await;
    }
}

/// Two lists have the same entries, each of them as often.
#[track_caller]
fn same<'a>(what: &str, one: impl Iterator<Item = &'a Value>, other: impl Iterator<Item = &'a Value>) {
    let sorted = |entries: Vec<&'a Value>| {
        let mut entries: Vec<_> = entries.into_iter().map(|it| it.as_str().unwrap()).collect();
        entries.sort_unstable();
        entries
    };
    let (one, other) = (sorted(one.collect()), sorted(other.collect()));
    let first = one.iter().zip(&other).find(|(one, other)| one != other);
    assert!(one == other, "{what}: {} for {}, and the first that differ: {first:?}", one.len(), other.len());
}

/// What the log says, when everything is done.
fn assert_one_of_each(log: &Log) {
    let about = |reactor: &'static str| log.asked_by(reactor).map(|it| &it["data"]["about"]["event_id"]);
    let member = |kind: &'static str| log.of(kind).map(|it| &it["data"]["subscription_id"]);
    let stream = |kind: &'static str| log.of(kind).map(|it| &it["stream_id"]);
    let event = |kind: &'static str| log.of(kind).map(|it| &it["id"]);

    same("confirmations", about("subscription-confirmation"), event("SubscriptionActivated"));
    same("memberships", member("SubscriberJoined"), stream("SubscriptionActivated"));
    same("mails to creators", about("new-subscriber"), event("SubscriberJoined"));
    same("mails sent", stream("NotificationSent"), stream("NotificationRequested"));
    same("leavers", member("SubscriberLeft"), stream("SubscriptionCancelled"));
}

/// Lets people subscribe, and kills the reactor at a random moment of its work on that. Says how much
/// was still to be done then.
async fn kill(cluster: &mut Cluster, log: &mut Log, random: &mut StdRng, rewards: &[Uuid]) -> usize {
    let client = log.client.clone();
    let people: Vec<_> = (0..ACTIVATED)
        .map(|_| {
            let (id, reward) = (any_id(random), *rewards.choose(random).unwrap());
            subscribe(&client, id, reward, random.random_bool(0.3))
        })
        .collect();
    // Well before all of it is done.
    let moment = log.done() + random.random_range(1..=ACTIVATED * REACTIONS / 2);
    let kill = async {
        eventually_within(PATIENCE, "the reactor is at work", async || {
            log.read_on().await;
            log.done() >= moment
        })
        .await;
        cluster.kill(Service::Reactor).await;
        cluster.run(Service::Reactor).await;
        log.under_way()
    };
    let (_, under_way) = tokio::join!(join_all(people), kill);
    println!("  killed after {moment} reactions, {under_way} were under way");
    under_way
}

#[tokio::test(flavor = "multi_thread")]
async fn one_activation_is_one_of_each_over_twenty_kills_of_the_reactor() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::start().await;
    let mut log = Log::new((*cluster).clone());
    let rewards: Vec<_> = (0..3).map(|_| any_id(&mut random)).collect();
    for reward in &rewards {
        let offer = json!({ "title": "A postcard", "creator_email": "cleo@example.com" });
        give(&cluster, "reward", *reward, "offer", &offer).await;
    }

    let (mut kills, mut in_the_midst) = (0, 0);
    while in_the_midst < KILLS {
        let under_way = kill(&mut cluster, &mut log, &mut random, &rewards).await;
        in_the_midst += usize::from(under_way > 0);
        kills += 1;
    }

    eventually_within(PATIENCE, "everything is done, and nothing more comes", async || {
        log.read_on().await;
        log.under_way() == 0 && log.grew_at.elapsed() > QUIET
    })
    .await;
    assert_one_of_each(&log);
    assert_eq!(log.of("SubscriptionActivated").count(), kills * ACTIVATED);
    cluster.evidence().audit(&Ledger::default()).await;

    let rows = cluster.get("/v1/views/rewards").header("Annals-Min-Position", &log.read_to.to_string()).await;
    let rows = rows.accepted()["rows"].as_array().unwrap().clone();
    let shown: u64 = rows.iter().map(|row| row["subscribers"].as_u64().unwrap()).sum();
    let there = log.of("SubscriberJoined").count() - log.of("SubscriberLeft").count();
    assert_eq!(shown, there as u64);
}
