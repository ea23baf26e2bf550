//! What a command service keeps in memory: as many aggregates as there is room for, and after one pass
//! over the log those that changed last.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod bank;
mod counting;

use std::sync::Arc;

use annals_command::Executor;
use annals_core::{Catalog, Decider, Domain};
use annals_domains::account::{Account, Command, Event, Refusal};
use annals_nats::MemoryLog;
use annals_testkit::eventually;
use bank::{deposit, open};
use counting::Counting;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

type Service = Executor<Counting<MemoryLog>>;

fn service(log: &Counting<MemoryLog>) -> Service {
    Executor::new(log.clone(), annals_domains::catalog())
}

async fn opened(service: &Service, number: usize) -> Vec<Uuid> {
    let accounts: Vec<_> = (0..number).map(|_| Uuid::new_v4()).collect();
    for account in &accounts {
        service.execute(open(*account)).await.unwrap();
    }
    accounts
}

#[tokio::test]
async fn the_cache_keeps_to_its_budget_and_who_was_used_longest_ago_goes_first() {
    const BUDGET: usize = 8192;
    let log = Counting::over(MemoryLog::default());
    let service = service(&log).with_cache(BUDGET);
    let accounts = opened(&service, 100).await;

    let fill = service.fill();
    assert!(fill.bytes <= BUDGET && fill.bytes > BUDGET / 2, "{fill:?}");
    assert!((10..40).contains(&fill.aggregates), "{fill:?}");

    log.reads();
    let kept = accounts.len() - fill.aggregates;
    for account in accounts[kept..].iter().rev() {
        service.execute(deposit(*account, 1)).await.unwrap();
        if service.fill().aggregates < fill.aggregates {
            break; // what happened to them takes room, too
        }
    }
    assert_eq!(log.reads(), 0, "those used last are there");
    service.execute(deposit(accounts[0], 1)).await.unwrap();
    assert_eq!(log.reads(), 1, "the first one had to make room");
}

#[tokio::test]
async fn large_states_take_the_room_of_many_small_ones() {
    let log = Counting::over(MemoryLog::default());
    let service = service(&log);
    opened(&service, 1).await;
    let small = service.fill().bytes;

    let account = opened(&service, 1).await[0];
    for _ in 0..1000 {
        service.execute(deposit(account, 1)).await.unwrap();
    }
    // A thousand remembered commands of 24 bytes, and the room that they grow into.
    let large = service.fill().bytes - small;
    assert!((24_000..32_000).contains(&large), "{large} bytes");
}

#[tokio::test]
async fn what_is_worked_on_stays_even_where_there_is_room_for_nothing() {
    let log = Counting::over(MemoryLog::default());
    let service = service(&log).with_cache(0);
    let account = opened(&service, 1).await[0];
    assert_eq!(service.fill().aggregates, 0);

    log.appends();
    log.reads();
    let deposits = (0..20).map(|_| service.execute(deposit(account, 1)));
    let given = join_all(deposits).await;
    assert!(given.iter().all(Result::is_ok), "{given:?}");
    assert_eq!((log.appends(), log.reads()), (20, 1), "one lane, one load, no conflict");
}

#[tokio::test]
async fn after_a_pass_over_the_log_nothing_has_to_be_loaded() {
    let log = Counting::over(MemoryLog::default());
    let before = service(&log);
    let accounts = opened(&before, 50).await;
    for account in &accounts {
        before.execute(deposit(*account, 1)).await.unwrap();
    }

    let after = service(&log);
    after.warm_up().await;
    assert_eq!(after.fill(), before.fill());
    log.reads();
    log.appends();
    for account in &accounts {
        assert_eq!(after.execute(deposit(*account, 1)).await.unwrap().version, 3);
    }
    assert_eq!((log.reads(), log.appends()), (0, 50));
}

#[tokio::test]
async fn a_pass_with_little_room_keeps_those_that_changed_last() {
    let log = Counting::over(MemoryLog::default());
    let before = service(&log);
    let accounts = opened(&before, 100).await;
    for account in &accounts[..5] {
        before.execute(deposit(*account, 1)).await.unwrap();
    }

    let after = service(&log).with_cache(8192);
    after.warm_up().await;
    log.reads();
    after.execute(deposit(accounts[99], 1)).await.unwrap();
    assert_eq!(log.reads(), 0);
    // Its beginning had made room when the rest of it came.
    assert_eq!(after.execute(deposit(accounts[0], 1)).await.unwrap().version, 3);
    assert_eq!(log.reads(), 1);
}

#[tokio::test]
async fn what_a_pass_has_folded_is_not_used_before_it_has_come_to_the_end() {
    let log = Counting::over(MemoryLog::default()).hold_after(1);
    let before = service(&log);
    let account = opened(&before, 1).await[0];
    for _ in 0..1500 {
        before.execute(deposit(account, 1)).await.unwrap();
    }
    log.reads();
    log.appends();

    let after = Arc::new(service(&log));
    let pass = tokio::spawn({
        let after = after.clone();
        async move { after.warm_up().await }
    });
    eventually("it has read a page", async || after.fill().aggregates == 1).await;
    assert_eq!(after.execute(deposit(account, 1)).await.unwrap().version, 1502);
    assert!(log.reads() > 0, "it was loaded");
    assert_eq!(log.appends(), 1, "and was no older than the log");

    log.go_on();
    pass.await.unwrap();
    assert_eq!(after.execute(deposit(account, 1)).await.unwrap().version, 1503);
    assert_eq!((log.reads(), log.appends()), (0, 1), "the pass has left it as it was");
}

#[tokio::test]
async fn what_is_no_commit_is_in_the_way_of_its_own_stream_only() {
    let log = Counting::over(MemoryLog::default());
    let accounts = opened(&service(&log), 20).await;
    log.pretend_broken(11);

    let after = service(&log);
    after.warm_up().await;
    assert_eq!(after.fill().aggregates, 19);
    log.reads();
    after.execute(deposit(accounts[19], 1)).await.unwrap();
    assert_eq!(log.reads(), 0);
}

#[tokio::test]
async fn a_log_that_is_too_long_is_not_read() {
    let log = Counting::over(MemoryLog::default());
    opened(&service(&log), 10).await;
    log.pretend_end(250_001);

    let after = service(&log);
    after.warm_up().await;
    assert_eq!(after.fill().aggregates, 0);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_answer_for_a_while_does_not_end_the_pass() {
    let log = Counting::over(MemoryLog::default());
    opened(&service(&log), 10).await;
    log.pretend_silent(5);

    let after = service(&log);
    after.warm_up().await;
    assert_eq!(after.fill().aggregates, 10);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_given_up_leaves_nothing_behind_that_is_not_used() {
    let log = Counting::over(MemoryLog::default()).hold_after(1);
    let before = service(&log);
    let accounts = opened(&before, 10).await;
    for _ in 0..1000 {
        before.execute(deposit(accounts[0], 1)).await.unwrap();
    }
    let after = Arc::new(service(&log));
    let pass = tokio::spawn({
        let after = after.clone();
        async move { after.warm_up().await }
    });
    eventually("it has read a page", async || after.fill().aggregates == 10).await;
    after.execute(deposit(accounts[0], 1)).await.unwrap();
    log.pretend_silent(usize::MAX);
    log.go_on();
    pass.await.unwrap();

    assert_eq!(after.fill().aggregates, 1, "the one that was loaded for a command");
    log.reads();
    assert_eq!(after.execute(deposit(accounts[0], 1)).await.unwrap().version, 1003);
    assert_eq!(log.reads(), 0);
    assert_eq!(after.execute(deposit(accounts[9], 1)).await.unwrap().version, 2);
}

/// An account by rules that have a defect.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Defective(Account);

impl Decider for Defective {
    const NAME: &'static str = Account::NAME;
    const REVISION: u32 = Account::REVISION;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        self.0.decide(command)
    }

    fn evolve(self, event: &Event) -> Self {
        assert!(!matches!(event, Event::MoneyDeposited { .. }), "a defect");
        Self(self.0.evolve(event))
    }
}

#[tokio::test]
async fn rules_that_panic_end_the_pass_and_nothing_else() {
    let log = Counting::over(MemoryLog::default());
    let before = service(&log);
    let accounts = opened(&before, 10).await;
    before.execute(deposit(accounts[0], 1)).await.unwrap();

    let catalog = Catalog::try_new([Domain::of::<Defective>()]).unwrap();
    let after = Executor::new(log.clone(), catalog);
    after.warm_up().await;
    assert_eq!(after.fill().aggregates, 0, "what it had folded is not used");
    assert!(after.execute(open(accounts[9])).await.is_err(), "it is open already");
}
