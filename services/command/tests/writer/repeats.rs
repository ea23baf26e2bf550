//! A command is carried out once, however often it is sent.

use annals_core::{
    bus::{CommandLookup, Expected, Failure},
    log::MemoryLog,
};
use uuid::Uuid;

use crate::bank::{Service, again, balance, deposit, entries, open, withdraw};

#[tokio::test]
async fn a_repeated_command_is_answered_as_the_first_one_and_stored_once() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    let deposit = deposit(account, 250);

    let first = service.send(deposit.clone()).await.unwrap();
    let second = service.send(again(&deposit)).await.unwrap();

    assert!(!first.replayed && second.replayed);
    assert_eq!((first.version, first.position), (second.version, second.position));
    assert_eq!(first.events[0].id, second.events[0].id);
    assert_eq!(balance(&service.log, account).await, 250);
}

#[tokio::test]
async fn repeats_that_come_together_are_stored_once() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    let deposit = deposit(account, 250);

    let all = futures_util::future::join_all((0..50).map(|_| service.send(again(&deposit)))).await;

    let replayed = all.iter().filter(|reply| reply.as_ref().unwrap().replayed).count();
    assert_eq!(replayed, 49);
    assert_eq!(balance(&service.log, account).await, 250);
}

#[tokio::test]
async fn a_first_sending_that_its_repeat_has_overtaken_stores_nothing() {
    let log = MemoryLog::new(Uuid::new_v4());
    let (one, two) = (Service::on(log.clone()).await, Service::on(log.clone()).await);
    let account = Uuid::new_v4();
    one.send(open(account)).await.unwrap();
    let deposit = deposit(account, 250);
    two.send(again(&deposit)).await.unwrap();
    one.send(crate::bank::deposit(account, 1)).await.unwrap(); // it has read what the other one wrote

    assert!(one.send(deposit.clone()).await.unwrap().replayed);
    assert!(two.send(deposit).await.unwrap().replayed);
    assert_eq!(balance(&log, account).await, 251);
}

#[tokio::test]
async fn the_same_id_with_another_command_is_refused() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let account = Uuid::new_v4();
    let opened = open(account);
    service.send(opened.clone()).await.unwrap();

    let mut other = again(&deposit(account, 250));
    other.id = opened.id;

    assert_eq!(service.send(other).await.unwrap_err(), Failure::IdempotencyKeyReused);
}

#[tokio::test]
async fn a_command_is_known_after_a_restart_and_after_the_store_was_lost() {
    let log = MemoryLog::new(Uuid::new_v4());
    let service = Service::on(log.clone()).await;
    let account = Uuid::new_v4();
    let first = open(account);
    service.send(first.clone()).await.unwrap();
    for _ in 0..2000 {
        service.send(deposit(account, 1)).await.unwrap();
    }

    let service = service.restart().await;
    assert!(service.send(again(&first)).await.unwrap().replayed);

    service.stop().await;
    let service = Service::on(log).await; // with an empty directory
    let reply = service.send(again(&first)).await.unwrap();
    assert!(reply.replayed && reply.version == 1);
    let found = service.executor.find(CommandLookup { id: first.id, fingerprint: None }).await.unwrap();
    assert_eq!(found.map(|it| it.position), Some(1));
}

#[tokio::test]
async fn a_command_that_stored_nothing_is_not_found_and_decided_anew() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let account = Uuid::new_v4();
    let withdrawal = withdraw(account, 5);

    assert!(matches!(service.send(withdrawal.clone()).await, Err(Failure::Refused(_))));
    let lookup = CommandLookup { id: withdrawal.id, fingerprint: None };
    assert!(service.executor.find(lookup).await.unwrap().is_none());
    assert!(entries(&service.log).await.is_empty(), "a refusal stores nothing");

    service.send(open(account)).await.unwrap();
    service.send(deposit(account, 5)).await.unwrap();
    assert!(!service.send(again(&withdrawal)).await.unwrap().replayed);
}

#[tokio::test]
async fn an_expected_version_is_held_against_the_state_as_it_will_be() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();

    let conditional = || {
        let mut deposit = deposit(account, 1);
        deposit.expected = Expected::Version(1);
        service.send(deposit)
    };
    let all = futures_util::future::join_all((0..20).map(|_| conditional())).await;

    assert_eq!(all.iter().filter(|reply| reply.is_ok()).count(), 1);
    let mismatch = all.iter().filter(|it| matches!(it, Err(Failure::VersionMismatch { version: 2 })));
    assert_eq!(mismatch.count(), 19);
}
