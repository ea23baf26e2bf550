//! Two command services on one log, each with its own idea of where the accounts stand.

mod bank;

use annals_testkit::nats;
use bank::{Service, deposit, open, withdraw};
use futures_util::future::join_all;
use uuid::Uuid;

const ACCOUNTS: u64 = 25;
const PAIRS: u64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deposits_at_one_can_be_withdrawn_at_the_other_at_once() {
    let nats = nats().await;
    let (one, other) = (Service::at(&nats.url()).await, Service::at(&nats.url()).await);

    let stories = (0..ACCOUNTS).map(async |_| {
        let account = Uuid::new_v4();
        one.give(open(account)).await.unwrap();
        for pair in 0..PAIRS {
            let deposited = one.give(deposit(account, 7)).await.unwrap();
            // The other one has not seen the deposit, and by what it knows the account is empty.
            let withdrawn = other.give(withdraw(account, 7)).await.unwrap();
            assert_eq!((deposited.version, withdrawn.version), (2 * pair + 2, 2 * pair + 3));
        }
    });
    join_all(stories).await;
}
