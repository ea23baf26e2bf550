use annals_chassis::health::Condition;
use annals_core::Catalog;
use annals_testkit::{eventually_within, raw};
use serde_json::json;

use super::*;

/// Longer than anything takes.
const LATE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn while_outcomes_cannot_be_kept_the_service_is_degraded() {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "test").await.unwrap();
    nats.prepare().await.unwrap();
    let forgetful = json!({ "name": "KV_outcomes", "subjects": ["$KV.outcomes.>"], "storage": "memory",
        "max_msgs_per_subject": 1, "allow_rollup_hdrs": true, "allow_direct": true, "discard": "new" });
    let made = raw(&server.url(), "$JS.API.STREAM.CREATE.KV_outcomes", &forgetful.to_string()).await;
    assert!(!made.contains("error"), "{made}");

    let executor = Arc::new(Executor::new(nats.log(), Catalog::try_new([]).unwrap()));
    let (working, shutdown) = (Arc::new(Working::default()), CancellationToken::new());
    let later = Later::new(executor, &nats, Schedule::default(), working.clone());
    let work = tokio::spawn(later.work(shutdown.clone()));
    let degraded = async || !working.degraded().is_empty();
    eventually_within(LATE, "it says so", degraded).await;
    raw(&server.url(), "$JS.API.STREAM.DELETE.KV_outcomes", "").await;
    eventually_within(LATE, "all is well", async || working.degraded().is_empty()).await;
    shutdown.cancel();
    work.await.unwrap();
}
