//! Commands that are given without waiting for them, and what is told about them later.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use annals_testkit::{Acknowledged, Client, Ledger, email, eventually_within};
use rand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

/// How long it may take until a command is taken, or carried out, whatever happens meanwhile.
const PATIENCE: Duration = Duration::from_mins(4);

/// What is asked for.
pub struct Order {
    account: Uuid,
    command: &'static str,
    data: Value,
    if_match: Option<u64>,
    /// Names it for its repeats, and in the log.
    key: Uuid,
}

/// A command that was taken.
pub struct Taken {
    order: Order,
    id: Uuid,
}

/// A command that has ended.
pub struct Errand {
    taken: Taken,
    told: Value,
}

/// One client.
pub struct Errands {
    client: Client,
    taken: AtomicUsize,
    ended: AtomicUsize,
}

impl Order {
    fn new(account: Uuid, command: &'static str, data: Value) -> Self {
        Self { account, command, data, if_match: None, key: Uuid::new_v4() }
    }

    pub fn open(account: Uuid) -> Self {
        Self::new(account, "open", json!({ "owner_email": email(account) }))
    }

    pub fn deposit(account: Uuid) -> Self {
        Self::new(account, "deposit", json!({ "amount": 100 }))
    }

    /// Half of them pay in; of the others some take out more than there is, and some expect a version.
    pub fn draw(account: Uuid) -> Self {
        let withdraw = |amount: u64| Self::new(account, "withdraw", json!({ "amount": amount }));
        match rand::rng().random_range(0..8) {
            0 => withdraw(100),
            1 => withdraw(1_000_000),
            2 => Self::open(account),
            3 => Self { if_match: Some(rand::rng().random_range(1..30)), ..Self::deposit(account) },
            _ => Self::deposit(account),
        }
    }
}

impl Errand {
    pub fn succeeded(&self) -> bool {
        self.told["state"] == "succeeded"
    }
}

impl Errands {
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), taken: AtomicUsize::new(0), ended: AtomicUsize::new(0) }
    }

    /// How many have been taken, and how many have ended, in one number.
    pub fn steps(&self) -> usize {
        self.taken.load(Ordering::Relaxed) + self.ended()
    }

    /// How many have ended.
    pub fn ended(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }

    /// Gives it, as often as it takes.
    pub async fn give(&self, order: Order) -> Taken {
        let path = format!("/v1/commands/account/{}/{}", order.account, order.command);
        let id = eventually_within(PATIENCE, "it is taken", async || {
            let key = order.key.to_string();
            let call = self.client.post(&path, &order.data).header("Prefer", "respond-async");
            let mut call = call.header("Idempotency-Key", &key).header("X-Correlation-Id", &key);
            if let Some(version) = order.if_match {
                call = call.header("If-Match", &format!("\"{version}\""));
            }
            let answer = call.attempt().await.ok()?;
            match answer.status.as_u16() {
                202 => Some(answer.json["command_id"].as_str().unwrap().parse().unwrap()),
                503 | 504 => None,
                _ => panic!("{} {}", answer.status, answer.text),
            }
        });
        let taken = Taken { id: id.await, order };
        self.taken.fetch_add(1, Ordering::Relaxed);
        taken
    }

    /// Whether it is said to wait.
    pub async fn is_pending(&self, taken: &Taken) -> bool {
        let answer = self.client.get(&format!("/v1/commands/{}", taken.id)).await;
        let waits = !answer.header("retry-after").is_empty();
        waits && answer.accepted() == json!({ "command_id": taken.id, "state": "pending" })
    }

    /// Waits until it has ended.
    pub async fn outcome(&self, taken: Taken) -> Errand {
        let told = eventually_within(PATIENCE, "it has an outcome", || self.told(taken.id)).await;
        self.ended.fetch_add(1, Ordering::Relaxed);
        Errand { taken, told }
    }

    async fn told(&self, id: Uuid) -> Option<Value> {
        let answer = self.client.get(&format!("/v1/commands/{id}")).attempt().await.ok()?;
        match answer.status.as_u16() {
            200 => (answer.json["state"] != "pending").then_some(answer.json),
            503 | 504 => None,
            _ => panic!("it was taken, and now: {} {}", answer.status, answer.text),
        }
    }

    /// What was told still holds, and is what the log says: no more, no less, and nothing twice.
    pub async fn are_true(&self, all: &[Errand]) {
        let accounts: BTreeSet<_> = all.iter().map(|errand| errand.taken.order.account).collect();
        let mut log = Vec::new();
        for account in accounts {
            let stream =
                self.client.get(&format!("/v1/streams/account/{account}?limit=500")).await.accepted();
            log.extend(stream["events"].as_array().unwrap().clone());
        }
        for Errand { taken, told } in all {
            assert_eq!(self.told(taken.id).await.as_ref(), Some(told), "it was told something else before");
            let caused: Vec<_> =
                log.iter().filter(|event| event["causation_id"] == json!(taken.id)).collect();
            match told["state"].as_str() {
                Some("succeeded") => {
                    let events = told["result"]["events"].as_array().unwrap();
                    assert_eq!((events.len(), caused), (1, events.iter().collect()), "{told}");
                }
                Some("refused") => assert!(caused.is_empty(), "{told} and yet {caused:?}"),
                _ => panic!("{told}"),
            }
        }
        let succeeded = all.iter().filter(|errand| errand.succeeded()).count();
        assert_eq!(log.len(), succeeded, "nobody asked for the rest");
    }
}

/// What an auditor is told about all of them.
pub fn ledger(all: &[Errand]) -> Ledger {
    let mut ledger = Ledger::default();
    for Errand { taken, told } in all {
        let number = |name: &str| told["result"][name].as_u64();
        match (number("version"), number("position")) {
            (Some(version), Some(position)) => {
                let acknowledged =
                    Acknowledged { command_id: taken.id, id: taken.order.account, version, position };
                ledger.acknowledge(taken.order.key, acknowledged);
            }
            _ => ledger.turn_down(taken.order.key),
        }
    }
    ledger
}

/// How many ended how.
pub fn tally(all: &[Errand]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for Errand { told, .. } in all {
        let code = told["problem"]["code"].as_str().unwrap_or_default();
        let reason = told["problem"]["reason"].as_str().unwrap_or_default();
        let how = format!("{} {code} {reason}", told["state"].as_str().unwrap_or_default());
        *counts.entry(how.trim_end().to_owned()).or_default() += 1;
    }
    format!("{counts:?}")
}
