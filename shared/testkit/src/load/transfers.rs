//! Clients that ask for transfers, as fast as they are answered.

use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{task::JoinSet, time::timeout};

use super::{Desk, Ledger, PATIENCE, order, order::Order, writer::Writer};
use crate::Client;

/// Clients that ask at the same time.
const CLIENTS: u64 = 32;
/// Of ten accounts one was never opened, and one is closed.
const TEN: usize = 10;

/// What is to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many transfers.
    pub transfers: u64,
    /// Accounts that they go from and to.
    pub accounts: usize,
    /// What is drawn is drawn from this.
    pub seed: u64,
}

/// Clients at work.
#[derive(Debug)]
pub struct Transfers {
    desk: Desk,
    clients: JoinSet<()>,
}

impl Transfers {
    /// Opens the accounts, and lets the clients begin.
    pub async fn start(client: &Client, plan: Plan) -> Self {
        println!("{plan:?}");
        let mut random = StdRng::seed_from_u64(plan.seed);
        let accounts = (0..plan.accounts).map(|_| order::fresh_id(&mut random)).collect();
        let desk = Desk::new(client, accounts);
        let cents: Vec<_> = desk.accounts.iter().map(|_| random.random_range(1..=1000_00)).collect();
        let mut opener = Writer::new(desk.clone(), random);
        for (number, (account, cents)) in desk.accounts.iter().zip(cents).enumerate() {
            let orders = match number % TEN {
                0 => vec![],
                1 => vec![Order::open(*account), Order::close(*account)],
                _ => vec![Order::open(*account), Order::deposit(*account, cents)],
            };
            for order in orders {
                opener.give(order).await;
            }
        }

        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let share = (plan.transfers + number) / CLIENTS; // together all of them
            let mut random = StdRng::seed_from_u64(plan.seed + 1 + number);
            let orders: Vec<_> =
                (0..share).map(|_| Order::draw_transfer(&mut random, &desk.accounts)).collect();
            let mut writer = Writer::new(desk.clone(), random);
            clients.spawn(async move {
                for order in orders {
                    writer.give(order).await;
                }
            });
        }
        Self { desk, clients }
    }

    /// Whether every client has been answered everything.
    pub fn are_requested(&mut self) -> bool {
        while self.clients.try_join_next().is_some() {}
        self.clients.is_empty()
    }

    /// Of the last command that was carried out.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.desk.ledger().all_acknowledged().map(|it| it.position).max().unwrap_or_default()
    }

    /// Waits until everything is answered, and gives what was. An answer that should not have been given
    /// fails the test.
    pub async fn answers(mut self) -> Ledger {
        let finished = timeout(PATIENCE, async { while self.clients.join_next().await.is_some() {} }).await;
        assert!(finished.is_ok(), "some requests were not answered within {PATIENCE:?}");
        let ledger = std::mem::take(&mut *self.desk.ledger());
        println!("transfers: {ledger}");
        ledger.assert_faultless();
        ledger
    }
}
