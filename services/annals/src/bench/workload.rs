//! What is given to do: deposits of one cent, to accounts that are open.

use std::sync::Arc;

use annals_command::Executor;
use annals_core::{
    Category, Commit, Context, StreamId,
    bus::{Accepted, CommandReply, CommandRequest, Expected},
    log::EntryBody,
};
use annals_domains::account::Account as Rules;
use annals_nats::{Bus, JetStreamLog};
use anyhow::{Context as _, anyhow};
use futures_util::{StreamExt, TryStreamExt, stream};
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{account::Account, load::Worker, seed};

/// The category of accounts.
pub(crate) const CATEGORY: &str = "account";

/// The data of a deposit.
pub(crate) const DEPOSIT: &str = r#"{"amount":1}"#;

/// Accounts that the deposits are spread over, where there are few.
pub(crate) const ACCOUNTS: usize = 1000;

/// Accounts that are opened at the same time.
const AT_ONCE: usize = 128;

/// A way to the writer.
pub(crate) trait Commands: Clone + Send + Sync + 'static {
    /// Sends a command, and waits for what becomes of it.
    fn send(&self, request: CommandRequest) -> impl Future<Output = CommandReply> + Send;
}

impl Commands for Bus {
    async fn send(&self, request: CommandRequest) -> CommandReply {
        self.command(&request).await
    }
}

impl Commands for Executor<JetStreamLog> {
    async fn send(&self, request: CommandRequest) -> CommandReply {
        self.execute(request).await
    }
}

/// Accounts that are open.
#[derive(Debug, Clone)]
pub(crate) struct Accounts(Arc<[Uuid]>);

impl Accounts {
    /// Opens so many.
    pub(crate) async fn open(commands: &impl Commands, count: usize) -> anyhow::Result<Self> {
        let ids: Arc<[Uuid]> = (0..count).map(|_| Uuid::new_v4()).collect();
        let open = |id| give(commands, id, "open", json!({ "owner_email": "ada@example.com" }));
        let opened = stream::iter(ids.iter().copied()).map(open).buffer_unordered(AT_ONCE);
        opened.try_for_each(async |_| Ok(())).await.context("an account is not opened")?;
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

    /// Two different ones.
    pub(crate) fn two(&self) -> (Uuid, Uuid) {
        let [from, to] = self.0.choose_multiple_array(&mut rand::rng()).expect("several were opened");
        (from, to)
    }

    /// One of them alone.
    pub(crate) fn one(&self) -> Self {
        Self([self.any()].into())
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Uuid> {
        self.0.iter().copied()
    }
}

/// Deposits one cent after the other.
pub(crate) struct Depositor<C> {
    commands: C,
    accounts: Accounts,
}

impl<C: Commands> Depositor<C> {
    /// As many as deposits are to be on their way.
    pub(crate) fn crowd(count: usize, commands: &C, accounts: &Accounts) -> Vec<Self> {
        (0..count).map(|_| Self { commands: commands.clone(), accounts: accounts.clone() }).collect()
    }
}

impl<C: Commands> Worker for Depositor<C> {
    async fn once(&mut self) -> anyhow::Result<u64> {
        deposit(&self.commands, self.accounts.any()).await.map(|_| 1)
    }
}

/// Deposits a cent.
pub(crate) async fn deposit(commands: &impl Commands, account: Uuid) -> anyhow::Result<Accepted> {
    give(commands, account, "deposit", json!({ "amount": 1 })).await
}

/// Gives an account a command.
///
/// # Errors
/// When it is not carried out.
pub(crate) async fn give(
    commands: &impl Commands,
    account: Uuid,
    command: &str,
    data: Value,
) -> anyhow::Result<Accepted> {
    send(commands, StreamId::new(CATEGORY, account), command, data).await
}

/// Sends a command that is to be carried out.
///
/// # Errors
/// When it is not.
pub(crate) async fn send(
    commands: &impl Commands,
    stream: StreamId,
    command: &str,
    data: Value,
) -> anyhow::Result<Accepted> {
    let reply = commands.send(request(stream, command, data)).await;
    reply.map_err(|failure| anyhow!("{failure:?}"))
}

/// A command as the gateway sends it, under an id that it has drawn.
pub(crate) fn request(stream: StreamId, command: &str, data: Value) -> CommandRequest {
    let id = Uuid::now_v7();
    CommandRequest {
        id,
        stream,
        command: command.into(),
        data,
        context: context(id),
        expected: Expected::Any,
        first_sending: true,
    }
}

/// Where a command with this id comes from, unless the client says something about it.
pub(crate) fn context(id: Uuid) -> Context {
    Context {
        correlation_id: id,
        causation_id: id,
        actor: "anonymous".into(),
        metadata: Map::new(),
        trace: None,
    }
}

/// As many commits as make an entry of that size: each a deposit, to an account of its own.
pub(crate) fn commits(count: usize) -> anyhow::Result<Vec<Commit>> {
    let category = Category::of::<Rules>();
    let commit = |_| {
        let mut account = Account::blank(&category, Uuid::new_v4());
        let opened = account.next(&category, "open", &json!({ "owner_email": "ada@example.com" }))?;
        account.fold(&category, 1, 0, opened)?;
        account.next(&category, "deposit", &json!({ "amount": 1 }))
    };
    (0..count).map(commit).collect()
}

/// An entry of these commits.
pub(crate) fn entry(commits: &[Commit]) -> anyhow::Result<EntryBody> {
    let mut body = EntryBody::new();
    for commit in commits {
        body.push(std::slice::from_ref(commit))?.context("so many small commits fit into an entry")?;
    }
    Ok(body)
}
