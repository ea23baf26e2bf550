//! Rewards and those who subscribe to them.

use annals_testkit::{Call, System, eventually};
use serde_json::{Value, json};
use uuid::Uuid;

/// A command, not yet sent.
fn give(system: &System, category: &str, id: Uuid, command: &str, data: &Value) -> Call {
    system.post(&format!("/v1/commands/{category}/{id}/{command}"), data)
}

/// Cleo offers a postcard.
async fn offer(system: &System) -> Uuid {
    let id = Uuid::new_v4();
    let data = json!({ "title": "A postcard", "creator_email": "cleo@example.com" });
    assert_eq!(give(system, "reward", id, "offer", &data).await.status, 201);
    id
}

/// Ada subscribes.
async fn start(system: &System, reward: Uuid) -> Uuid {
    let id = Uuid::new_v4();
    let data = json!({ "reward_id": reward, "subscriber_email": "ada@example.com" });
    assert_eq!(give(system, "subscription", id, "start", &data).await.status, 201);
    id
}

fn activate(system: &System, subscription: Uuid) -> Call {
    give(system, "subscription", subscription, "activate", &json!({ "stripe_key": "sub_1" }))
}

fn cancel(system: &System, subscription: Uuid) -> Call {
    give(system, "subscription", subscription, "cancel", &json!({ "reason": "too many postcards" }))
}

/// The types of what followed from one request, in alphabetical order.
async fn followed(system: &System, correlation: Uuid) -> Vec<String> {
    let page = system.get(&format!("/v1/events?correlation_id={correlation}")).await.accepted();
    let mut types: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap().to_owned()).collect();
    types.sort();
    types
}

/// None as long as the view is being built.
async fn mails(system: &System, filter: &str) -> Vec<Value> {
    let page = system.get(&format!("/v1/views/notifications?{filter}")).await;
    page.json["rows"].as_array().cloned().unwrap_or_default()
}

/// Waits until the reward has so many subscribers.
async fn has_subscribers(system: &System, reward: Uuid, subscribers: u64) {
    let path = format!("/v1/views/rewards/{reward}");
    eventually(&format!("the reward has {subscribers} subscribers"), async || {
        system.get(&path).await.json["subscribers"] == subscribers
    })
    .await;
}

#[tokio::test]
async fn a_subscription_is_confirmed_and_the_reward_and_its_creator_hear_of_it() {
    let system = System::start().await;
    let (reward, correlation) = (offer(&system).await, Uuid::new_v4());
    let subscription = start(&system, reward).await;

    let activated =
        activate(&system, subscription).header("X-Correlation-Id", &correlation.to_string()).await;
    assert_eq!(
        activated.accepted()["events"][0]["data"],
        json!({ "stripe_key": "sub_1", "reward_id": reward, "subscriber_email": "ada@example.com" })
    );
    assert_eq!(activate(&system, subscription).await.accepted()["events"], json!([]));

    has_subscribers(&system, reward, 1).await;
    eventually("both mails are sent", async || mails(&system, "status=sent").await.len() == 2).await;
    assert_eq!(
        followed(&system, correlation).await,
        [
            "NotificationRequested",
            "NotificationRequested",
            "NotificationSent",
            "NotificationSent",
            "SubscriberJoined",
            "SubscriptionActivated",
        ]
    );
    let confirmation = &mails(&system, "reactor=subscription-confirmation").await[0];
    assert_eq!(
        (&confirmation["to"], &confirmation["about_id"]),
        (&json!("ada@example.com"), &json!(subscription))
    );
    let news = &mails(&system, "reactor=new-subscriber").await[0];
    assert_eq!((&news["to"], &news["about_id"]), (&json!("cleo@example.com"), &json!(reward)));
}

#[tokio::test]
async fn who_cancels_leaves_and_stays_away() {
    let system = System::start().await;
    let reward = offer(&system).await;
    let [stays, leaves, never_paid] =
        [start(&system, reward).await, start(&system, reward).await, start(&system, reward).await];
    for subscription in [stays, leaves] {
        let _ = activate(&system, subscription).await.accepted();
    }
    has_subscribers(&system, reward, 2).await;

    let cancelled = cancel(&system, leaves).await.accepted();
    assert_eq!(
        cancelled["events"][0]["data"],
        json!({ "reason": "too many postcards", "reward_id": reward, "was_active": true })
    );
    let last = give(&system, "subscription", never_paid, "cancel", &json!({})).await.accepted();
    assert_eq!(last["events"][0]["data"], json!({ "reward_id": reward, "was_active": false }));
    has_subscribers(&system, reward, 1).await;

    assert_eq!(cancel(&system, leaves).await.accepted()["events"], json!([]));
    assert_eq!(activate(&system, leaves).await.problem(422, "refused")["reason"], "cancelled");
    let state = system.get(&format!("/v1/streams/reward/{reward}/state")).await.accepted();
    assert_eq!(
        (&state["state"]["subscribers"], &state["state"]["leavers"]),
        (&json!([stays]), &json!([leaves]))
    );
    let statuses = async |filter: String| {
        let path = format!("/v1/views/subscriptions?{filter}");
        let call = system.get(&path).header("Annals-Min-Position", &last["position"].to_string());
        let row = |row: &Value| (row["subscription_id"].clone(), row["status"].clone());
        call.await.accepted()["rows"].as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    let (active, gone) = (json!("active"), json!("cancelled"));
    assert_eq!(
        statuses(format!("reward_id={reward}")).await,
        [(json!(stays), active), (json!(leaves), gone.clone()), (json!(never_paid), gone.clone())]
    );
    assert_eq!(
        statuses("status=cancelled".into()).await,
        [(json!(leaves), gone.clone()), (json!(never_paid), gone)]
    );
}

#[tokio::test]
async fn what_the_rules_forbid_is_refused() {
    let system = System::start().await;
    let (reward, nothing) = (offer(&system).await, Uuid::new_v4());
    let subscription = start(&system, reward).await;

    let again = json!({ "title": "A song", "creator_email": "dan@example.com" });
    let started = json!({ "reward_id": reward, "subscriber_email": "eve@example.com" });
    for (call, reason) in [
        (give(&system, "reward", reward, "offer", &again), "already-offered"),
        (give(&system, "subscription", subscription, "start", &started), "already-started"),
        (activate(&system, nothing), "not-started"),
        (cancel(&system, nothing), "not-started"),
    ] {
        assert_eq!(call.await.problem(422, "refused")["reason"], reason);
    }
    for internal in ["record-subscriber", "record-leaver"] {
        let member = json!({ "subscription_id": subscription });
        let _ = give(&system, "reward", reward, internal, &member).await.problem(404, "unknown-command");
    }
    let nobody = give(&system, "subscription", nothing, "start", &json!({ "reward_id": "7" })).await;
    let errors = nobody.problem(400, "invalid-payload")["errors"].clone();
    let pointers: Vec<_> = errors.as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/subscriber_email", "/reward_id"]);
}

#[tokio::test]
async fn a_reward_that_nobody_offered_says_no_and_that_is_that() {
    let system = System::start().await;
    let nowhere = Uuid::new_v4();
    let subscription = start(&system, nowhere).await;
    let _ = activate(&system, subscription).await.accepted();

    eventually("the reward has said no", async || {
        system.logs().contains("record-subscriber refused: not-offered")
    })
    .await;
    eventually("it is confirmed all the same", async || mails(&system, "status=sent").await.len() == 1).await;
    let _ = system.get(&format!("/v1/streams/reward/{nowhere}")).await.problem(404, "not-found");

    // The reactor goes on.
    let reward = offer(&system).await;
    let _ = activate(&system, start(&system, reward).await).await.accepted();
    has_subscribers(&system, reward, 1).await;
}
