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
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use uuid::{Builder, Uuid};

use super::{
    Acknowledged, Desk,
    order::Order,
    verdict::{Verdict, judge},
};
use crate::Answer;

/// Before a command is sent again.
const PAUSE: Duration = Duration::from_millis(50);
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
        let (verdict, answer) = self.send(&order, key).await;
        match verdict {
            Verdict::Acknowledged(acknowledged) => {
                self.desk.ledger().acknowledge(key, acknowledged);
                self.remembered.push_back((key, order, answer));
                if self.remembered.len() > REMEMBERED {
                    self.remembered.pop_front();
                }
                return Some(acknowledged);
            }
            Verdict::TurnedDown => self.desk.ledger().turn_down(key),
            Verdict::Fault(fault) => self.desk.ledger().fault(fault),
        }
        None
    }

    /// Gives an acknowledged command again, which has to be answered as it was.
    async fn repeat(&mut self) {
        let one = self.random.random_range(0..self.remembered.len());
        let (key, order, first) = self.remembered[one].clone();
        let (verdict, answer) = self.send(&order, key).await;
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

    /// Sends it until there is a final answer.
    async fn send(&self, order: &Order, key: Uuid) -> (Verdict, Answer) {
        let begun = Instant::now();
        let mut pause = interval(PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut first = self.remembered.iter().all(|(remembered, ..)| *remembered != key);
        loop {
            pause.tick().await;
            match order.call(&self.desk.client, key).attempt().await {
                Ok(answer) => {
                    let code = answer.json["code"].as_str().unwrap_or_default();
                    self.desk.ledger().note(format!("{} {code}", answer.status.as_u16()).trim_end());
                    if let Some(verdict) = judge(order, &answer, first) {
                        self.desk.ledger().took(begun.elapsed());
                        return (verdict, answer);
                    }
                }
                Err(_) => self.desk.ledger().note("no answer"),
            }
            first = false;
        }
    }
}
