//! Clients that give commands all the time and believe no answer without looking at it.

mod ledger;
mod order;
mod scrutiny;
mod transfers;
mod verdict;
mod writer;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use uuid::Uuid;

pub use ledger::{Acknowledged, Ledger};
pub use order::email;
pub use transfers::{Plan, Transfers};

use crate::{Client, eventually_within};
use order::Order;
use writer::Writer;

/// Writers that work at the same time. All of them begin at the same instant and keep the same pace, so
/// that there is always a burst of commands under way at once.
const WRITERS: u32 = 32;
/// How long everything may take to be answered once the system is left alone.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than anything is away: no command is given up.
const OUTAGE: Duration = Duration::from_mins(5);

/// What there is to be given.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Commands per second, of all writers together.
    pub per_second: u32,
    /// Accounts that money moves on.
    pub accounts: usize,
    /// What is drawn is drawn from this.
    pub seed: u64,
}

/// Writers at work.
#[derive(Debug)]
pub struct Load {
    desk: Desk,
    stop: Arc<AtomicBool>,
    writers: JoinSet<()>,
}

/// Where commands are given and their answers are written down.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    client: annals_client::Client,
    accounts: Arc<[Uuid]>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Desk {
    fn new(client: &Client, accounts: Arc<[Uuid]>) -> Self {
        Self { client: client.typed().patient_for(OUTAGE), accounts, ledger: Arc::default() }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Load {
    /// Opens the accounts and lets the writers begin.
    pub async fn start(client: &Client, pace: Pace) -> Self {
        println!("load: {} commands/s over {} accounts, seed {}", pace.per_second, pace.accounts, pace.seed);
        let mut random = StdRng::seed_from_u64(pace.seed);
        let accounts = (0..pace.accounts).map(|_| order::fresh_id(&mut random)).collect();
        let desk = Desk::new(client, accounts);
        let mut opener = Writer::new(desk.clone(), random);
        for account in &*desk.accounts {
            opener.give(Order::open(*account)).await;
            opener.give(Order::deposit(*account, 50_000_00)).await;
        }

        let stop = Arc::new(AtomicBool::new(false));
        let (begin, every) = (Instant::now(), Duration::from_secs(1) * WRITERS / pace.per_second);
        let mut writers = JoinSet::new();
        for number in 0..u64::from(WRITERS) {
            let writer = Writer::new(desk.clone(), StdRng::seed_from_u64(pace.seed + 1 + number));
            writers.spawn(writer.write(begin, every, stop.clone()));
        }
        Self { desk, stop, writers }
    }

    /// Waits until so many more commands were acknowledged.
    pub async fn acknowledges(&self, more: usize) {
        let wanted = self.desk.ledger().acknowledged() + more;
        eventually_within(PATIENCE, "commands are acknowledged", async || {
            self.desk.ledger().acknowledged() >= wanted
        })
        .await;
    }

    /// Opens an account, repeating the command until it is acknowledged.
    pub async fn open(&self) -> Acknowledged {
        let mut random = StdRng::from_os_rng();
        let order = Order::open(order::fresh_id(&mut random));
        self.given(Writer::new(self.desk.clone(), random), order).await
    }

    /// Pays something into one of the accounts, repeating the command until it is acknowledged.
    pub async fn deposit(&self) -> Acknowledged {
        let order = Order::deposit(self.desk.accounts[0], 1);
        self.given(Writer::new(self.desk.clone(), StdRng::from_os_rng()), order).await
    }

    /// The accounts that were opened within so long before now.
    #[must_use]
    pub fn opened_within(&self, before: Duration) -> Vec<Uuid> {
        self.desk.ledger().opened_within(before)
    }

    /// Lets every writer finish its command, and gives what was answered. An answer that should not
    /// have been given fails the test.
    pub async fn stop(mut self) -> Ledger {
        self.stop.store(true, Ordering::Relaxed);
        let finished = timeout(PATIENCE, async { while self.writers.join_next().await.is_some() {} }).await;
        assert!(finished.is_ok(), "some commands were not answered within {PATIENCE:?}");
        let ledger = std::mem::take(&mut *self.desk.ledger());
        println!("load: {ledger}");
        ledger.assert_faultless();
        ledger
    }

    async fn given(&self, mut writer: Writer, order: Order) -> Acknowledged {
        writer.give(order).await.unwrap_or_else(|| self.desk.ledger().panic_with_faults())
    }
}
