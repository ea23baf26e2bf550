//! UmaDB: events carry their account as a tag, and an append fails if an event with this tag has come since. What
//! an account is stands in memory with the position it was seen at; after a failure it is loaded again.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use umadb_client::{AsyncUmaDbClient, UmaDbClient};
use umadb_dcb::{DcbAppendCondition, DcbEvent, DcbEventStoreAsync, DcbQuery, DcbQueryItem};

use crate::{
    lanes::Lanes,
    peer::{Peer, Recorded, stream},
};

/// An UmaDB server.
pub struct Uma {
    clients: Vec<AsyncUmaDbClient>,
    lanes: Lanes<Option<Seen>>,
}

/// An account as it is after the event at this position of the store.
#[derive(Clone, Copy)]
struct Seen {
    position: u64,
    state: Recorded,
}

#[derive(Serialize, Deserialize)]
struct Data {
    version: i64,
    amount: i64,
    balance: i64,
}

impl Uma {
    /// Connects to the server at this URL.
    pub async fn connect(at: &str, connections: usize, accounts: usize) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(UmaDbClient::new(at.to_owned()).connect_async().await?);
        }
        Ok(Self { clients, lanes: Lanes::new(accounts) })
    }

    fn client(&self, account: usize) -> &AsyncUmaDbClient {
        &self.clients[account % self.clients.len()]
    }

    async fn append(
        &self,
        account: usize,
        kind: &str,
        seen: Option<u64>,
        amount: i64,
        state: Recorded,
    ) -> Result<Seen> {
        let data = Data { version: state.version, amount, balance: state.balance };
        let event = DcbEvent::new().event_type(kind).tags([stream(account)]).data(serde_json::to_vec(&data)?);
        let unchanged = DcbAppendCondition::new(of(account)).after(seen);
        let position = self.client(account).append(vec![event], Some(unchanged), None).await?;
        Ok(Seen { position, state })
    }

    async fn load(&self, account: usize) -> Result<Seen> {
        let (events, _) = self.client(account).read_with_head(Some(of(account)), None, true, Some(1)).await?;
        let last = events.first().context("there is no such account")?;
        Ok(Seen { position: last.position, state: recorded(&last.event)? })
    }
}

impl Peer for Uma {
    async fn open(&self, account: usize) -> Result<()> {
        let mut remembered = self.lanes.enter(account).await;
        let opened = Recorded { version: 1, balance: 0 };
        *remembered = Some(self.append(account, "AccountOpened", None, 0, opened).await?);
        Ok(())
    }

    async fn deposit(&self, account: usize) -> Result<()> {
        let mut remembered = self.lanes.enter(account).await;
        let Seen { position, state } = match remembered.take() {
            Some(seen) => seen,
            None => self.load(account).await?,
        };
        let next = Recorded { version: state.version + 1, balance: state.balance + 1 };
        *remembered = Some(self.append(account, "MoneyDeposited", Some(position), 1, next).await?);
        Ok(())
    }

    async fn history(&self, account: usize) -> Result<Vec<Recorded>> {
        let (events, _) = self.client(account).read_with_head(Some(of(account)), None, false, None).await?;
        events.iter().map(|it| recorded(&it.event)).collect()
    }
}

/// Everything that has happened to the account.
fn of(account: usize) -> DcbQuery {
    DcbQuery::new().item(DcbQueryItem::new().tags([stream(account)]))
}

fn recorded(event: &DcbEvent) -> Result<Recorded> {
    let Data { version, balance, .. } = serde_json::from_slice(&event.data)?;
    Ok(Recorded { version, balance })
}
