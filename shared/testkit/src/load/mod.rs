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

use futures_util::{StreamExt, stream};
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

/// Accounts that are opened at the same time, before the writers begin.
const OPENERS: usize = 32;
/// How long everything may take to be answered once the system is left alone.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longer than anything is away: no command is given up.
const OUTAGE: Duration = Duration::from_mins(5);

/// What there is to be given.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Writers that work at the same time. All of them begin at the same instant and keep the same pace,
    /// so that there is always a burst of commands under way at once.
    pub writers: u32,
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
        println!("load: {pace:?}");
        let mut random = StdRng::seed_from_u64(pace.seed);
        let accounts = (0..pace.accounts).map(|_| order::fresh_id(&mut random)).collect();
        let desk = Desk::new(client, accounts);
        let writer =
            |number| Writer::new(desk.clone(), StdRng::seed_from_u64(pace.seed.wrapping_add(number)));
        let openers = (1..).map(writer).zip(&*desk.accounts);
        stream::iter(openers)
            .for_each_concurrent(OPENERS, async |(mut opener, account)| {
                opener.give(Order::open(*account)).await;
                opener.give(Order::deposit(*account, 50_000_00)).await;
            })
            .await;

        let stop = Arc::new(AtomicBool::new(false));
        let (begin, every) = (Instant::now(), Duration::from_secs(1) * pace.writers / pace.per_second);
        let numbers = (1 + pace.accounts as u64..).take(pace.writers as usize);
        let writers = numbers.map(|number| writer(number).write(begin, every, stop.clone())).collect();
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
