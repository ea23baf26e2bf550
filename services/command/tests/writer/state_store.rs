//! States that are not in memory any more come from the state store.

use annals_core::log::MemoryLog;
use futures_util::future::join_all;
use uuid::Uuid;

use crate::bank::{Service, deposit, open};

#[tokio::test]
async fn more_accounts_than_fit_into_memory_are_kept() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let accounts: Vec<_> = (0..2000).map(|_| Uuid::new_v4()).collect();
    join_all(accounts.iter().map(|it| service.send(open(*it)))).await;
    for round in 2..4 {
        let replies = join_all(accounts.iter().map(|it| service.send(deposit(*it, 1)))).await;
        assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|it| it.version == round)));
    }
    let service = service.restart().await;
    let replies = join_all(accounts.iter().map(|it| service.send(deposit(*it, 1)))).await;
    assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|it| it.version == 4)));
}

#[tokio::test]
async fn a_store_of_another_log_is_not_used() {
    let service = Service::on(MemoryLog::new(Uuid::new_v4())).await;
    let account = Uuid::new_v4();
    service.send(open(account)).await.unwrap();
    let state = service.stop().await;

    let service = Service::with(MemoryLog::new(Uuid::new_v4()), state).await;
    assert_eq!(service.send(open(account)).await.unwrap().version, 1);
}
