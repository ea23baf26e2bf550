//! cqrs-es: the account as an aggregate of that framework, on whatever keeps its events.

use std::convert::Infallible;

use anyhow::{Context, Result};
use cqrs_es::{
    Aggregate, CqrsFramework, DomainEvent,
    event_sink::EventSink,
    persist::{PersistedEventRepository, PersistedEventStore, SerializedEvent},
};
use serde::{Deserialize, Serialize};

use crate::{
    lanes::Lanes,
    peer::{Peer, Recorded, stream},
};

/// A framework over a repository of events.
pub struct Cqrs<Repository: PersistedEventRepository> {
    framework: CqrsFramework<Account, PersistedEventStore<Repository, Account>>,
    repository: Repository,
    lanes: Lanes<()>,
}

impl<Repository: PersistedEventRepository> Cqrs<Repository> {
    /// A framework that writes, and the same repository again to read back what it wrote.
    pub fn new(
        framework: CqrsFramework<Account, PersistedEventStore<Repository, Account>>,
        repository: Repository,
        accounts: usize,
    ) -> Self {
        Self { framework, repository, lanes: Lanes::new(accounts) }
    }

    async fn execute(&self, account: usize, command: Command) -> Result<()> {
        let _turn = self.lanes.enter(account).await;
        Ok(self.framework.execute(&stream(account), command).await?)
    }
}

impl<Repository: PersistedEventRepository + Send + Sync + 'static> Peer for Cqrs<Repository> {
    async fn open(&self, account: usize) -> Result<()> {
        self.execute(account, Command::Open).await
    }

    async fn deposit(&self, account: usize) -> Result<()> {
        self.execute(account, Command::Deposit { amount: 1 }).await
    }

    async fn history(&self, account: usize) -> Result<Vec<Recorded>> {
        let events = self.repository.get_events::<Account>(&stream(account)).await?;
        events.into_iter().map(recorded).collect()
    }
}

fn recorded(event: SerializedEvent) -> Result<Recorded> {
    let balance = match serde_json::from_value(event.payload)? {
        Event::AccountOpened => 0,
        Event::MoneyDeposited { balance, .. } => balance,
    };
    Ok(Recorded { version: event.sequence.try_into().context("a sequence beyond all")?, balance })
}

/// What an account is.
#[derive(Default, Serialize, Deserialize)]
pub struct Account {
    balance: i64,
}

/// What may be asked of an account.
pub enum Command {
    Open,
    Deposit { amount: i64 },
}

/// What has happened to an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    AccountOpened,
    MoneyDeposited { amount: i64, balance: i64 },
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        match self {
            Self::AccountOpened => "AccountOpened",
            Self::MoneyDeposited { .. } => "MoneyDeposited",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = Command;
    type Event = Event;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: Command,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Infallible> {
        let event = match command {
            Command::Open => Event::AccountOpened,
            Command::Deposit { amount } => Event::MoneyDeposited { amount, balance: self.balance + amount },
        };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::AccountOpened => {}
            Event::MoneyDeposited { balance, .. } => self.balance = balance,
        }
    }
}
