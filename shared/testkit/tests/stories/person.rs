//! The register of persons, and how a view that comes late, and an event that is old, are treated.

use std::time::Duration;

use annals_testkit::{Answer, Call, Client, Cluster, Service, System, append, eventually_within};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long a projector may take until it has built its views.
const START: Duration = Duration::from_secs(30);

async fn give(client: &Client, id: Uuid, command: &str, data: Value) -> Answer {
    client.post(&format!("/v1/commands/person/{id}/{command}"), &data).await
}

async fn register(client: &Client, id: Uuid, first: &str, last: &str) -> Value {
    give(client, id, "register", json!({ "first_name": first, "last_name": last })).await.accepted()
}

/// The directory, once it has everything up to there.
fn directory(client: &Client, query: &str, position: &Value) -> Call {
    client.get(&format!("/v1/views/directory{query}")).header("Annals-Min-Position", &position.to_string())
}

fn names(page: &Value) -> Vec<String> {
    let name = |row: &Value| format!("{}, {}", row["last_name"], row["first_name"]).replace('"', "");
    page["rows"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn persons_come_by_another_name_and_retire() {
    let system = System::start().await;
    let [ada, grace, alan] = [(); 3].map(|()| Uuid::new_v4());
    let registered = register(&system, ada, " Ada ", "Byron").await;
    assert_eq!(registered["events"][0]["data"], json!({ "first_name": "Ada", "last_name": "Byron" }));
    assert_eq!(registered["events"][0]["schema"], 2);
    register(&system, grace, "Grace", "Hopper").await;
    register(&system, alan, "Alan", "Turing").await;

    let renamed = give(&system, ada, "rename", json!({ "last_name": "Lovelace" })).await.accepted();
    let event = &renamed["events"][0];
    assert_eq!((&event["type"], &event["data"]["first_name"]), (&json!("PersonRenamed"), &json!("Ada")));
    let same = give(&system, ada, "rename", json!({ "first_name": "Ada" })).await.accepted();
    assert_eq!((&same["events"], &same["version"]), (&json!([]), &json!(2)));

    let retired = give(&system, alan, "retire", json!({})).await.accepted();
    assert_eq!(give(&system, alan, "retire", json!({})).await.accepted()["events"], json!([]));
    let position = &retired["position"];
    assert_eq!(
        names(&directory(&system, "", position).await.accepted()),
        ["Hopper, Grace", "Lovelace, Ada", "Turing, Alan"]
    );
    assert_eq!(names(&directory(&system, "?status=retired", position).await.accepted()), ["Turing, Alan"]);
    let row = system.get(&format!("/v1/views/directory/{alan}")).await.accepted();
    assert_eq!((&row["version"], &row["since"]), (&json!(2), &retired["events"][0]["recorded_at"]));
}

#[tokio::test]
async fn what_does_not_fit_or_is_not_allowed_is_told_and_stores_nothing() {
    let system = System::start().await;
    let [ada, nobody] = [(); 2].map(|()| Uuid::new_v4());
    register(&system, ada, "Ada", "Byron").await;

    for (data, pointer) in [
        (json!({}), ""),
        (json!({ "first_name": " " }), "/first_name"),
        (json!({ "last_name": null }), "/last_name"),
        (json!({ "last_name": "x".repeat(501) }), "/last_name"),
        (json!({ "first_name": "Ada", "name": "Ada Byron" }), "/name"),
    ] {
        let problem = give(&system, ada, "rename", data).await.problem(400, "invalid-payload");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let refused = async |id, command, data| {
        give(&system, id, command, data).await.problem(422, "refused")["reason"].clone()
    };
    let name = || json!({ "first_name": "Ada", "last_name": "Byron" });
    assert_eq!(refused(ada, "register", name()).await, "already-registered");
    assert_eq!(refused(nobody, "rename", name()).await, "not-registered");
    assert_eq!(refused(nobody, "retire", json!({})).await, "not-registered");
    let _ = give(&system, ada, "retire", json!({})).await.accepted();
    assert_eq!(refused(ada, "rename", name()).await, "retired");
    assert_eq!(refused(ada, "register", name()).await, "already-registered");
    let stream = system.get(&format!("/v1/streams/person/{ada}")).await.accepted();
    assert_eq!(stream["version"], 2);
    let _ = system.get(&format!("/v1/streams/person/{nobody}")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_directory_that_is_added_later_knows_everybody_from_the_beginning() {
    let mut cluster = Cluster::start().await;
    let ada = Uuid::new_v4();
    register(&cluster, ada, "Ada", "Byron").await;
    for number in 0..50 {
        register(&cluster, Uuid::new_v4(), "Somebody", &format!("Else {number:02}")).await;
    }
    cluster.kill(Service::Projector).await;
    let renamed = give(&cluster, ada, "rename", json!({ "last_name": "Lovelace" })).await.accepted();

    // The second one begins with an empty folder: no view of its has ever seen the log.
    cluster.run(Service::Projector.second()).await;
    let names = eventually_within(START, "the new directory is there", async || {
        let page = directory(&cluster, "?limit=500", &renamed["position"]).attempt().await.ok()?;
        page.status.is_success().then(|| names(&page.json))
    })
    .await;
    assert_eq!((names.len(), names[50].as_str()), (51, "Lovelace, Ada"));
    assert!(names.is_sorted());
}

/// What a release of the past has left in the log: a person with one name.
async fn registered_long_ago(system: &System, id: Uuid, name: &str) -> u64 {
    let command = Uuid::now_v7();
    let stored = json!([{
        "specversion": "1.0", "id": Uuid::from_u128(command.as_u128() ^ 1), "source": format!("person/{id}"),
        "type": "PersonRegistered", "time": "2019-05-01T08:00:00.000000Z", "version": 1, "commandid": command,
        "fingerprint": "0".repeat(32), "data": { "name": name },
    }]);
    append(&system.nats_url(), &stored).await
}

#[tokio::test]
async fn an_event_of_a_past_release_is_shown_as_it_was_and_read_as_it_would_be_today() {
    let system = System::start().await;
    let [ada, plato] = [(); 2].map(|()| Uuid::new_v4());
    registered_long_ago(&system, ada, "Ada Lovelace").await;
    let position = json!(registered_long_ago(&system, plato, "Plato").await);

    let stream = system.get(&format!("/v1/streams/person/{ada}")).await.accepted();
    let event = &stream["events"][0];
    assert_eq!((&event["schema"], &event["data"]), (&json!(1), &json!({ "name": "Ada Lovelace" })));
    let state = system.get(&format!("/v1/streams/person/{ada}/state")).await.accepted();
    assert_eq!(
        state["state"],
        json!({ "status": "registered", "first_name": "Ada", "last_name": "Lovelace" })
    );
    assert_eq!(names(&directory(&system, "", &position).await.accepted()), ["Lovelace, Ada", "Plato, -"]);

    let again = give(&system, ada, "register", json!({ "first_name": "Ada", "last_name": "King" })).await;
    assert_eq!(again.problem(422, "refused")["reason"], "already-registered");
    let renamed = give(&system, ada, "rename", json!({ "last_name": "King" })).await.accepted();
    assert_eq!(renamed["version"], 2);
    assert_eq!(renamed["events"][0]["data"], json!({ "first_name": "Ada", "last_name": "King" }));
}
