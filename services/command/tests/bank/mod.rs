//! Command services on real logs, and the accounts that they keep.
#![allow(dead_code, clippy::unwrap_used)] // each test uses its part

use std::sync::Arc;

use annals_command::Executor;
use annals_core::{
    Context, StreamId,
    bus::{CommandReply, CommandRequest, Expected},
};
use annals_nats::{JetStreamLog, Log, Nats, Scope};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A command service of its own, with what it remembers and a connection of its own.
pub struct Service {
    executor: Arc<Executor<JetStreamLog>>,
    pub log: JetStreamLog,
}

impl Service {
    pub async fn at(url: &str) -> Self {
        let nats = Nats::connect(url, "test").await.unwrap();
        nats.prepare().await.unwrap();
        let executor = Arc::new(Executor::new(nats.log(), annals_domains::catalog()));
        Self { executor, log: nats.log() }
    }

    pub async fn give(&self, command: CommandRequest) -> CommandReply {
        self.executor.execute(command).await
    }

    /// Where the account's last commit stands.
    pub async fn last(&self, account: Uuid) -> u64 {
        self.log.last(&Scope::Stream(StreamId::new("account", account))).await.unwrap()
    }
}

/// A command that nobody has given before.
pub fn command(account: Uuid, command: &str, data: Value) -> CommandRequest {
    let id = Uuid::new_v4();
    CommandRequest {
        id,
        stream: StreamId::new("account", account),
        command: command.into(),
        data,
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "anonymous".into(),
            metadata: Map::new(),
            trace: None,
        },
        expected: Expected::Any,
        caused_at: None,
    }
}

pub fn open(account: Uuid) -> CommandRequest {
    command(account, "open", json!({ "owner_email": "ada@example.com" }))
}

pub fn deposit(account: Uuid, amount: u64) -> CommandRequest {
    command(account, "deposit", json!({ "amount": amount }))
}

pub fn withdraw(account: Uuid, amount: u64) -> CommandRequest {
    command(account, "withdraw", json!({ "amount": amount }))
}
