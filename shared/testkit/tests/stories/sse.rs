//! The log, followed over HTTP: whatever happens on the way, every event comes once and in order.

use annals_testkit::{Block, Client, Cluster, Live, Load, Method, Pace, Service, System, eventually};
use serde_json::Value;

use crate::{bank::Account, post::publish};

/// A client that keeps what it has seen, and comes back when it is cut off or has hung up.
struct Reader {
    client: Client,
    filter: &'static str,
    live: Option<Live>,
    resume: String,
    /// The texts of the events.
    seen: Vec<String>,
}

impl Reader {
    fn of(client: &Client, filter: &'static str) -> Self {
        Self { client: client.clone(), filter, live: None, resume: "0".into(), seen: Vec::new() }
    }

    /// Reads one block; if there is no connection, makes one.
    async fn read(&mut self) {
        if self.live.is_none() {
            self.live = eventually("the gateway takes it", async || {
                self.client.follow(self.filter, Some(&self.resume)).await.ok()
            })
            .await
            .into();
        }
        match self.live.as_mut().expect("it is connected").next().await {
            Ok(Some(block)) => self.note(block),
            Ok(None) | Err(_) => self.live = None,
        }
    }

    fn note(&mut self, block: Block) {
        let Some(id) = block.id else {
            assert_eq!(block.data, "", "every event says where it stands");
            return;
        };
        let before = &self.resume;
        assert!(order(&id) >= order(before), "the resume point goes back from {before} to {id}");
        self.resume = id;
        if !block.data.is_empty() {
            let event = serde_json::from_str::<Value>(&block.data).unwrap();
            assert_eq!(event["type"], block.kind.unwrap_or_default());
            assert_eq!(self.resume, format!("{}.{}", event["position"], event["place"]));
            self.seen.push(block.data);
        }
    }

    /// Reads a few blocks and hangs up, again and again.
    async fn come_and_go(&mut self, times: usize) {
        for _ in 0..times {
            for _ in 0..rand::random_range(1..8) {
                self.read().await;
            }
            self.live = None;
        }
    }

    /// Reads everything that there is, and holds it against the pages.
    async fn has_seen_everything(&mut self) {
        let pages = pages(&self.client, self.filter).await;
        while self.seen.len() < pages.len() {
            self.read().await;
        }
        assert_eq!(self.seen, pages, "{}", self.filter);
    }
}

/// Position and place; after a position alone comes the next entry.
fn order(address: &str) -> (u64, u64) {
    let (position, place) = address.split_once('.').unwrap_or((address, "65536"));
    (position.parse().unwrap(), place.parse().unwrap())
}

/// The texts of all events that pass.
async fn pages(client: &Client, filter: &str) -> Vec<String> {
    let (mut events, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = client.get(&format!("/v1/events?limit=500&after={after}&{filter}")).await;
        events.extend(texts(&page.text));
        let page = page.accepted();
        if page["end"] == true {
            return events;
        }
        after = page["next"].as_str().map_or_else(|| page["next"].to_string(), Into::into);
    }
}

/// The events of a page, each as it was sent.
fn texts(page: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        events: Vec<&'a serde_json::value::RawValue>,
    }
    let page: Page = serde_json::from_str(page).unwrap();
    page.events.into_iter().map(|event| event.get().to_owned()).collect()
}

fn pace(per_second: u32) -> Pace {
    Pace { writers: 32, per_second, accounts: 8, seed: rand::random() }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_up_a_hundred_times_see_every_event_once_and_in_order() {
    let system = System::start().await;
    let load = Load::start(&system, pace(100)).await;
    let mut readers = ["", "category=account", "type=MoneyDeposited,NotificationSent&category=account"]
        .map(|filter| Reader::of(&system, filter));
    let [all, accounts, deposits] = &mut readers;
    tokio::join!(all.come_and_go(100), accounts.come_and_go(100), deposits.come_and_go(100));
    load.stop().await;
    for reader in &mut readers {
        reader.has_seen_everything().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_a_follower_misses_nothing_and_sees_nothing_twice() {
    let mut cluster = Cluster::start().await;
    let load = Load::start(&cluster, pace(50)).await;
    let mut reader = Reader::of(&cluster, "");
    let follows = async |reader: &mut Reader, load: &Load| {
        let goal = reader.seen.len() + 50;
        let reads = async {
            while reader.seen.len() < goal {
                reader.read().await;
            }
        };
        tokio::join!(reads, load.acknowledges(20));
    };
    for service in Service::ALL {
        follows(&mut reader, &load).await;
        cluster.kill(service).await;
        cluster.run(service).await;
    }
    follows(&mut reader, &load).await;
    cluster.kill_nats().await;
    cluster.run_nats().await;
    follows(&mut reader, &load).await;
    load.stop().await;
    reader.has_seen_everything().await;
}

#[tokio::test]
async fn a_gateway_that_is_asked_to_end_ends_its_streams() {
    let mut cluster = Cluster::start().await;
    let mut live = cluster.follow("", None).await.unwrap();
    assert!(live.next().await.unwrap().is_some(), "it has begun");
    let ended = cluster.terminate(Service::Gateway).await;
    assert!(ended.status.success() && ended.took.as_secs() < 5, "{ended:?}");
    while live.next().await.expect("it ends, and does not break").is_some() {}
}

#[tokio::test]
async fn while_nats_is_away_the_stream_stays_and_goes_on_afterwards() {
    let mut cluster = Cluster::start().await;
    let mut live = cluster.follow("", None).await.unwrap();
    assert!(live.next().await.unwrap().is_some(), "it has begun");
    cluster.kill_nats().await;
    eventually("the gateway knows", async || {
        cluster.get("/v1/events").await.status == 503 // so those who come now are told so
    })
    .await;
    assert!(cluster.follow("", None).await.is_err());
    cluster.run_nats().await;
    cluster.ready().await;
    let path = format!("/v1/commands/account/{}/open", uuid::Uuid::new_v4());
    let opened =
        cluster.post(&path, &serde_json::json!({ "owner_email": "ada@example.com" })).await.accepted();
    let block = loop {
        let block = live.next().await.unwrap().expect("it is the same stream");
        if !block.data.is_empty() {
            break block; // in a long silence it is told how far the log was looked at
        }
    };
    assert_eq!(block.event(), opened["events"][0]);
}

#[tokio::test]
async fn a_stream_begins_after_the_last_event_that_was_seen_and_ends_with_until() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    for amount in 1..=5 {
        account.deposit(amount).await;
    }
    let amounts = async |query: &str, resume: Option<&str>| {
        let mut live = system.follow(&format!("{query}&type=MoneyDeposited"), resume).await.unwrap();
        let mut amounts = Vec::new();
        while let Some(block) = live.next().await.unwrap() {
            amounts.extend(block.event()["data"]["amount"].as_u64());
        }
        amounts
    };
    let positions: Vec<_> = account.events().await.iter().map(|event| event["position"].clone()).collect();
    let until = format!("until={}", positions[4]);
    assert_eq!(amounts(&until, None).await, [1, 2, 3, 4]);
    assert_eq!(amounts(&format!("{until}&after={}", positions[1]), None).await, [2, 3, 4]);
    assert_eq!(amounts(&format!("{until}&after=0"), Some(&positions[3].to_string())).await, [4]);

    let after = format!("/v1/events?{until}&after={}", positions[4]);
    let over = system.get(&after).header("Accept", "text/event-stream").await;
    assert_eq!((over.status.as_u16(), over.text.as_str()), (204, ""));
    let only_head = system.request(Method::HEAD, "/v1/events").header("Accept", "text/event-stream").await;
    assert_eq!((only_head.status.as_u16(), only_head.header("content-type")), (200, "text/event-stream"));
}

#[tokio::test]
async fn what_happens_is_told_at_once_and_as_the_page_shows_it() {
    let system = System::start().await;
    let mut live = system.follow("category=post", None).await.unwrap();
    let begun = live.next().await.unwrap().unwrap();
    assert_eq!((begun.kind, begun.id), (None, None), "it only says when to come back");
    for content in ["Hello", "two\nlines\r\n\ndata: and more"] {
        let (id, position) = publish(&system, "Ada", content).await;
        let block = live.next().await.unwrap().unwrap();
        let event = block.event();
        assert_eq!(block.kind.as_deref(), Some("PostPublished"));
        assert_eq!(block.id, Some(format!("{position}.{}", event["place"])));
        assert_eq!(event["stream_id"], Value::from(id.to_string()));
        assert_eq!(pages(&system, "category=post").await.last(), Some(&block.data));
    }
}
