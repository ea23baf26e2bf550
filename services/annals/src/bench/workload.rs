//! What is given to do: deposits of one cent, to accounts that are open.

use std::sync::Arc;

use annals_core::{
    Catalog, Commit, Context, StreamId,
    bus::{CommandReply, CommandRequest, Expected},
};
use annals_nats::Bus;
use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{account::Account, seed};

/// The category of everything here.
pub(crate) const CATEGORY: &str = "account";

/// The data of a deposit.
pub(crate) const DEPOSIT: &str = r#"{"amount":1}"#;

/// Accounts that are opened at the same time.
const AT_ONCE: usize = 128;

/// Accounts that are open.
#[derive(Debug, Clone)]
pub(crate) struct Accounts(Arc<[Uuid]>);

impl Accounts {
    /// Opens so many.
    pub(crate) async fn open(bus: &Bus, count: usize) -> anyhow::Result<Self> {
        let ids: Arc<[Uuid]> = (0..count).map(|_| Uuid::new_v4()).collect();
        let open = |id| give(bus, id, "open", json!({ "owner_email": "ada@example.com" }));
        let opened = stream::iter(ids.iter().copied()).map(open).buffer_unordered(AT_ONCE);
        opened.try_for_each(async |_| Ok(())).await.map_err(|failure| anyhow!("not opened: {failure:?}"))?;
        Ok(Self(ids))
    }

    /// Those that a log of so many was seeded with.
    pub(crate) fn seeded(count: u64) -> Self {
        Self((0..count).map(seed::id).collect())
    }

    /// Any of them, each as likely as the others.
    pub(crate) fn any(&self) -> Uuid {
        *self.0.choose(&mut rand::rng()).expect("some were opened")
    }
}

/// Deposits a cent.
pub(crate) async fn deposit(bus: &Bus, account: Uuid) -> CommandReply {
    give(bus, account, "deposit", json!({ "amount": 1 })).await
}

async fn give(bus: &Bus, account: Uuid, command: &str, data: Value) -> CommandReply {
    let id = Uuid::now_v7();
    let stream = StreamId::new(CATEGORY, account);
    let request = CommandRequest {
        id,
        stream,
        command: command.into(),
        data,
        context: context(id),
        expected: Expected::Any,
        caused_at: None,
    };
    bus.command(&request).await
}

/// Whom a command with this id comes from: nobody in particular.
pub(crate) fn context(id: Uuid) -> Context {
    Context {
        correlation_id: id,
        causation_id: id,
        actor: "anonymous".into(),
        metadata: serde_json::Map::new(),
        trace: None,
    }
}

/// The commit of an account's first event.
pub(crate) fn opening(catalog: &Catalog) -> anyhow::Result<Commit> {
    let category = catalog.category(CATEGORY).context("there are accounts")?;
    let data = json!({ "owner_email": "ada@example.com" });
    Account::blank(category, Uuid::new_v4()).next(category, "open", &data)
}

/// As many bytes as a commit of one event has, which is what limits are measured with.
pub(crate) fn commit_bytes() -> anyhow::Result<Bytes> {
    Ok(opening(&annals_domains::catalog())?.encode()?.into())
}
