//! Markers of deliveries: what may have been sent is known to the next owner.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use annals_nats::Nats;
use annals_testkit::nats;
use uuid::Uuid;

#[tokio::test]
async fn the_same_process_is_another_owner_when_it_takes_the_lease_again() {
    let server = nats().await;
    let nats = Nats::connect(&server.url(), "reactor").await.unwrap();
    nats.prepare().await.unwrap();
    let (before, after, id) = (nats.delivery_markers(), nats.delivery_markers(), Uuid::new_v4());
    assert!(!before.begin(id).await.unwrap());
    assert!(!before.begin(id).await.unwrap(), "it has not sent");
    assert!(after.begin(id).await.unwrap(), "it may have been sent");

    before.end(id).await;
    assert!(!after.begin(id).await.unwrap());
}
