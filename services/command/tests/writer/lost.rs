//! Acknowledgements and entries get lost on the way.

use annals_core::log::{MemoryLog, Trouble};
use uuid::Uuid;

use crate::bank::{Service, balance, deposit, entries, open};

#[tokio::test]
async fn a_lost_acknowledgement_is_resolved_by_reading() {
    let log = MemoryLog::new(Uuid::new_v4());
    let service = Service::on(log.clone()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    for _ in 0..500 {
        log.trouble([Trouble::AcknowledgementLost]);
        service.send(deposit(account, 1)).await.unwrap();
    }
    assert_eq!(balance(&log, account).await, 500);
}

#[tokio::test]
async fn an_entry_that_got_lost_is_sent_again() {
    let log = MemoryLog::new(Uuid::new_v4());
    let service = Service::on(log.clone()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    log.trouble([Trouble::Lost, Trouble::Lost, Trouble::AcknowledgementLost]);

    let reply = service.send(deposit(account, 7)).await.unwrap();

    assert_eq!((reply.version, reply.position, reply.replayed), (2, 2, false));
    assert_eq!(balance(&log, account).await, 7);
}

#[tokio::test]
async fn foreign_messages_hold_up_nothing() {
    let log = MemoryLog::new(Uuid::new_v4());
    let service = Service::on(log.clone()).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    log.publish("events.main", &[], "poison");
    log.publish("events.other", &[("Annals-Entry", "1")], "[]");

    let reply = service.send(deposit(account, 7)).await.unwrap();
    assert_eq!((reply.version, reply.position), (2, 4));
    log.publish("events.other", &[], "poison");
    assert!(service.send(open(account)).await.is_err(), "it is open");
    assert_eq!(entries(&log).await.len(), 2);

    let service = service.restart().await;
    assert_eq!(service.send(deposit(account, 1)).await.unwrap().version, 3);
}
