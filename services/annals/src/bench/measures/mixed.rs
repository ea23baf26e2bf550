//! Transfers, and todos that are added and completed. Each makes reactors give commands of their own: six for a
//! transfer, and a notification that is sent and recorded for a todo that is done.

use annals_core::StreamId;
use annals_nats::Bus;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use crate::bench::{
    load::Worker,
    workload::{Accounts, give, send},
};

/// How many commands of clients are on their way at the same time. Those of reactors come on top.
pub(super) const IN_FLIGHT: [usize; 2] = [1, 128];

/// Cents that an account is given before, so that no transfer is refused.
const FUNDS: u64 = 1_000_000_000;

/// Accounts that are given money at the same time.
const AT_ONCE: usize = 128;

/// What a client does next.
enum Next {
    Transfer,
    Add,
    Complete(Uuid),
}

/// Gives one command after the other: a transfer, a todo, and that it is done.
pub(super) struct Client {
    bus: Bus,
    accounts: Accounts,
    next: Next,
}

/// So many of them.
pub(super) fn clients(count: usize, bus: &Bus, accounts: &Accounts) -> Vec<Client> {
    let client = |number| Client {
        bus: bus.clone(),
        accounts: accounts.clone(),
        next: if number % 2 == 0 { Next::Transfer } else { Next::Add },
    };
    (0..count).map(client).collect()
}

/// Gives each account the money for its transfers.
pub(super) async fn fund(bus: &Bus, accounts: &Accounts) -> anyhow::Result<()> {
    let deposits = stream::iter(accounts.iter());
    let deposits = deposits.map(|account| give(bus, account, "deposit", json!({ "amount": FUNDS })));
    deposits.buffer_unordered(AT_ONCE).try_for_each(async |_| Ok(())).await
}

impl Worker for Client {
    async fn once(&mut self) -> anyhow::Result<u64> {
        let id = Uuid::now_v7();
        let (stream, command, data, next) = match self.next {
            Next::Transfer => {
                let (from, to) = self.accounts.two();
                let data = json!({ "from": from, "to": to, "amount": 1 });
                (StreamId::new("transfer", id), "request", data, Next::Add)
            }
            Next::Add => {
                let data = json!({ "title": "Pay the rent", "stakeholder_email": "ada@example.com" });
                (StreamId::new("todo", id), "add", data, Next::Complete(id))
            }
            Next::Complete(todo) => (
                StreamId::new("todo", todo),
                "complete",
                json!({ "completed_on": "2026-12-01" }),
                Next::Transfer,
            ),
        };
        self.next = next;
        send(&self.bus, stream, command, data).await.map(|_| 1)
    }
}
