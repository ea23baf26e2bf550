//! Several writers on one log of a server: the expectation alone keeps it whole.

use annals_testkit::{Moment, Proxy, nats};
use futures_util::future::{join, join_all, lazy};
use uuid::Uuid;

use crate::{
    bank::{again, balance, deposit, open, withdraw},
    service::{Writer, assert_once, commands, writer},
};

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deposits_at_one_can_be_withdrawn_at_the_other_at_once() {
    const ACCOUNTS: u64 = 50;
    const PAIRS: u64 = 200;
    let server = nats().await;
    let (one, other) = (writer(&server.url()).await, writer(&server.url()).await);

    let stories = (0..ACCOUNTS).map(async |_| {
        let account = Uuid::new_v4();
        one.send(open(account)).await.unwrap();
        for pair in 0..PAIRS {
            let deposited = one.send(deposit(account, 7)).await.unwrap();
            // The other one has not seen the deposit, and by what it knows the account is empty.
            let withdrawn = other.send(withdraw(account, 7)).await.unwrap();
            assert_eq!((deposited.version, withdrawn.version), (2 * pair + 2, 2 * pair + 3));
            assert!(!deposited.replayed && !withdrawn.replayed);
        }
    });
    join_all(stories).await;
    assert_eq!(assert_once(&one.log).await as u64, ACCOUNTS * (2 * PAIRS + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_in_constant_conflict_on_the_same_accounts_lose_and_double_nothing() {
    let server = nats().await;
    let writers: [Writer; 2] = [writer(&server.url()).await, writer(&server.url()).await];
    let accounts: Vec<_> = (0..4).map(|_| Uuid::new_v4()).collect();
    for account in &accounts {
        writers[0].send(open(*account)).await.unwrap();
    }
    let send = |n: usize| writers[n % 2].send(deposit(accounts[n / 2 % 4], 1));
    for round in 0..4 {
        let replies = join_all((0..1000).map(send)).await;
        let failed = replies.iter().find(|reply| reply.is_err());
        assert!(failed.is_none(), "round {round}: {failed:?}");
    }
    for account in &accounts {
        assert_eq!(balance(&writers[0].log, *account).await, 1000);
        assert_eq!(commands(&writers[0].log, *account).await.len(), 1001, "without a gap");
    }
    assert_once(&writers[0].log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_sent_again_to_a_second_writer_while_the_first_is_paused_is_stored_once() {
    let server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let (first, second) = (writer(&proxy.url()).await, writer(&server.url()).await);
    let account = Uuid::new_v4();
    second.send(open(account)).await.unwrap();
    let mut version = 1;
    for cut in [false, true] {
        for moment in Moment::ALL {
            version += 1;
            let (deposit, executor) = (deposit(account, 1), first.executor.clone());
            let request = deposit.clone();
            let sending = lazy(|_| tokio::spawn(async move { executor.execute(request).await }));
            let (held, sending) = join(proxy.hold(moment), sending).await;
            assert_eq!(held.commits(), 1);

            let repeat = second.send(again(&deposit)).await.unwrap();
            assert_eq!(repeat.version, version, "{moment:?}");
            if cut {
                held.cut();
            } else {
                held.release();
            }
            let reply = sending.await.unwrap().unwrap();
            assert_eq!((reply.version, reply.position), (version, repeat.position), "{moment:?}");
        }
    }
    assert_eq!(balance(&second.log, account).await, 8);
}
