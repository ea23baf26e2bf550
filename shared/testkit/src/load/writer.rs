//! One client at work.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rand::{Rng, rngs::StdRng};
use tokio::time::{Instant, interval_at};
use uuid::{Builder, Uuid};

use super::{Acknowledged, Desk, order::Order, scrutiny::Scrutiny, verdict::Verdict};
use crate::Answer;

/// So many acknowledged commands are kept to be repeated.
const REMEMBERED: usize = 20;
/// One in so many commands is the repeat of an acknowledged one.
const REPEATS: u32 = 20;

/// Gives one command after the other, each under a key of its own and until there is a final answer.
pub(super) struct Writer {
    desk: Desk,
    random: StdRng,
    remembered: VecDeque<(Uuid, Order, Answer)>,
}

impl Writer {
    pub(super) fn new(desk: Desk, random: StdRng) -> Self {
        Self { desk, random, remembered: VecDeque::new() }
    }

    /// Works at its pace until it is told to stop.
    pub(super) async fn write(mut self, begin: Instant, every: Duration, stop: Arc<AtomicBool>) {
        let mut ticks = interval_at(begin, every); // what was missed is made up for, or the pace would halve
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            if !self.remembered.is_empty() && self.random.random_ratio(1, REPEATS) {
                self.repeat().await;
            } else {
                let latest = |account| self.desk.ledger().latest(account);
                let order = Order::draw(&mut self.random, &self.desk.accounts, latest);
                self.give(order).await;
            }
        }
    }

    /// Gives a command; none if it was turned down, or badly answered.
    pub(super) async fn give(&mut self, order: Order) -> Option<Acknowledged> {
        let key = Builder::from_random_bytes(self.random.random()).into_uuid();
        match self.send(&order, key).await? {
            (Verdict::Acknowledged(acknowledged), answer) => {
                self.desk.ledger().acknowledge(key, acknowledged);
                self.remembered.push_back((key, order, answer));
                if self.remembered.len() > REMEMBERED {
                    self.remembered.pop_front();
                }
                Some(acknowledged)
            }
            (Verdict::TurnedDown | Verdict::Fault(_), _) => {
                self.desk.ledger().turn_down(key);
                None
            }
        }
    }

    /// Gives an acknowledged command again, which has to be answered as it was.
    async fn repeat(&mut self) {
        let one = self.random.random_range(0..self.remembered.len());
        let (key, order, first) = self.remembered[one].clone();
        let Some((verdict, answer)) = self.send(&order, key).await else { return };
        self.desk.ledger().note("repeat");
        let same = matches!(verdict, Verdict::Acknowledged(_))
            && (answer.status, &answer.json) == (first.status, &first.json)
            && answer.header("idempotency-replayed") == "true";
        if !same {
            self.desk.ledger().fault(format!(
                "a repeat was answered differently: {} {}, now {} {} (replayed: {})",
                first.status,
                first.text,
                answer.status,
                answer.text,
                answer.header("idempotency-replayed")
            ));
        }
    }

    /// Gives it until there is a final answer; none if there was a fault.
    async fn send(&self, order: &Order, key: Uuid) -> Option<(Verdict, Answer)> {
        let begun = Instant::now();
        let first = self.remembered.iter().all(|(remembered, ..)| *remembered != key);
        let scrutiny = Scrutiny::new(self.desk.clone(), order.clone(), first);
        let looking = scrutiny.clone();
        let client = self.desk.client.clone().watched_by(move |answer| looking.look(answer));
        let outcome = order.give(&client, key).await;
        self.desk.ledger().took(begun.elapsed());
        scrutiny.end(&outcome)
    }
}
