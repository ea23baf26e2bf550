//! Several writers on one log: the expectation alone keeps it whole.

use annals_core::{StreamId, bus::Failure, log::MemoryLog};
use futures_util::future::join_all;
use uuid::Uuid;

use crate::bank::{Service, again, balance, deposit, entries, open, stream, withdraw};

#[tokio::test]
async fn two_writers_in_constant_conflict_lose_and_double_nothing() {
    let log = MemoryLog::new(Uuid::new_v4());
    let (one, two) = (Service::on(log.clone()).await, Service::on(log.clone()).await);
    let accounts: Vec<_> = (0..4).map(|_| Uuid::new_v4()).collect();
    for account in &accounts {
        one.send(open(*account)).await.unwrap();
    }
    let send = |n: usize| {
        let service = if n.is_multiple_of(2) { &one } else { &two };
        service.send(deposit(accounts[n % 4], 1))
    };
    let replies = join_all((0..1000).map(send)).await;

    assert!(replies.iter().all(Result::is_ok), "{:?}", replies.iter().find(|it| it.is_err()));
    for account in &accounts {
        assert_eq!(balance(&log, *account).await, 250);
        stream(&log, &StreamId::new("account", *account)).await;
    }
    let ids: Vec<_> =
        entries(&log).await.iter().flat_map(|entry| &entry.commits).map(|it| it.commit.id).collect();
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
}

#[tokio::test]
async fn a_refusal_is_never_given_on_a_state_that_another_writer_has_changed() {
    let log = MemoryLog::new(Uuid::new_v4());
    let (one, two) = (Service::on(log.clone()).await, Service::on(log.clone()).await);
    for _ in 0..300 {
        let account = Uuid::new_v4();
        one.send(open(account)).await.unwrap();
        // It was opened, so it is open, for the other one as well.
        two.send(deposit(account, 1)).await.unwrap();
        one.send(withdraw(account, 1)).await.unwrap();
        assert!(matches!(two.send(withdraw(account, 1)).await, Err(Failure::Refused(_))));
    }
}

#[tokio::test]
async fn a_command_that_is_sent_to_two_writers_is_stored_once() {
    let log = MemoryLog::new(Uuid::new_v4());
    let (one, two) = (Service::on(log.clone()).await, Service::on(log.clone()).await);
    let account = Uuid::new_v4();
    one.send(open(account)).await.unwrap();
    for amount in 1..=100 {
        let deposit = deposit(account, amount);
        let (first, second) = tokio::join!(one.send(again(&deposit)), two.send(again(&deposit)));
        assert_eq!(first.unwrap().position, second.unwrap().position);
    }
    assert_eq!(balance(&log, account).await, 5050);
}
