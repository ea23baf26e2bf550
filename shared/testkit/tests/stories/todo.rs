//! Todos and their lists.

use annals_testkit::{Answer, Call, Client, System, eventually};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use uuid::Uuid;

/// A command, not yet sent.
fn give(system: &Client, category: &str, id: Uuid, command: &str, data: &Value) -> Call {
    system.post(&format!("/v1/commands/{category}/{id}/{command}"), data)
}

async fn done(system: &Client, id: Uuid, command: &str, data: Value) -> Value {
    give(system, "todo", id, command, &data).await.accepted()
}

/// The page of a view, once it has everything up to there.
async fn page(system: &Client, path: &str, position: &Value) -> Answer {
    let page = system.get(&format!("/v1/views/{path}")).header("Prefer", "wait=30");
    page.header("Annals-Min-Position", &position.to_string()).await
}

async fn rows(system: &Client, path: &str, position: &Value) -> Vec<Value> {
    page(system, path, position).await.accepted()["rows"].as_array().unwrap().clone()
}

/// All rows, read one by one.
async fn leafed_through(system: &Client, view: &str, position: &Value) -> Vec<Value> {
    let annals = system.typed();
    let view = annals.view(view).limit(1).at_least(position.as_u64().unwrap());
    view.rows().try_collect().await.unwrap()
}

/// A todo with every field, as it is asked for.
fn fence(list: Uuid) -> Value {
    json!({
        "title": "Paint the fence", "description": "White, twice", "due_date": "2026-12-24",
        "stakeholder_email": "ada@example.com", "list_id": list,
    })
}

/// As it is shown, but for what is changed.
fn shown(id: Uuid, list: Uuid, changes: &Value) -> Value {
    let mut row = fence(list);
    row["todo_id"] = json!(id);
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    row
}

/// Six todos are added. The first stays as it is, the second and the third are amended, the fourth is
/// completed after the fifth, and the sixth is given up. Answers what the last command answered.
async fn household(system: &Client, list: Uuid, todos: [Uuid; 6]) -> Value {
    for id in todos {
        let added = give(system, "todo", id, "add", &fence(list)).await;
        assert_eq!(added.status, 201);
        assert_eq!(added.accepted()["events"][0]["data"], fence(list));
    }
    let [_, second, third, fourth, fifth, sixth] = todos;

    let asked = json!({ "title": "Paint the fence", "description": null, "due_date": "2026-12-01" });
    let amended = done(system, second, "amend", asked.clone()).await;
    assert_eq!(amended["events"][0]["data"], json!({ "description": null, "due_date": "2026-12-01" }));
    assert_eq!(done(system, second, "amend", asked).await["events"], json!([]));

    done(system, third, "amend", json!({ "due_date": null, "stakeholder_email": null })).await;
    done(system, sixth, "abandon", json!({ "abandoned_on": "2026-11-20" })).await;
    done(system, fifth, "complete", json!({ "completed_on": "2026-11-21" })).await;
    done(system, fourth, "amend", json!({ "title": "Paint the house" })).await;
    done(system, fourth, "complete", json!({ "completed_on": "2026-11-20" })).await
}

#[tokio::test]
async fn todos_are_shown_in_their_orders() {
    let system = System::start().await;
    let (list, todos) = (Uuid::new_v4(), [(); 6].map(|()| Uuid::new_v4()));
    let completed = household(&system, list, todos).await;
    assert_eq!(
        completed["events"][0]["data"],
        json!({
            "completed_on": "2026-11-20", "title": "Paint the house",
            "stakeholder_email": "ada@example.com", "list_id": list,
        })
    );

    let position = &completed["position"];
    let row = |number: usize, changes| shown(todos[number - 1], list, &changes);
    let first = row(1, json!({}));
    let second = row(2, json!({ "description": null, "due_date": "2026-12-01" }));
    let third = row(3, json!({ "due_date": null, "stakeholder_email": null }));
    let fourth = row(4, json!({ "completed_on": "2026-11-20", "title": "Paint the house" }));
    let fifth = row(5, json!({ "completed_on": "2026-11-21" }));
    for (view, expected) in [
        ("outstanding", vec![&first, &second, &third]),
        ("scheduled", vec![&second, &first]),
        ("completed", vec![&fifth, &fourth]),
    ] {
        for path in [view.to_owned(), format!("{view}?list_id={list}")] {
            assert_eq!(rows(&system, &path, position).await.iter().collect::<Vec<_>>(), expected, "{path}");
        }
        let leafed = leafed_through(&system, view, position).await;
        assert_eq!(leafed.iter().collect::<Vec<_>>(), expected, "{view}, row by row");
    }
    assert_eq!(rows(&system, "scheduled?due_date=2026-12-24", position).await, [first]);
    let [.., fourth_id, _, sixth_id] = todos;
    let found = page(&system, &format!("completed/{fourth_id}"), position).await;
    assert_eq!(found.accepted(), fourth);
    let _ = page(&system, &format!("outstanding/{sixth_id}"), position).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_list_counts_its_todos_also_those_that_were_there_before_it() {
    let system = System::start().await;
    let (list, todos) = (Uuid::new_v4(), [(); 6].map(|()| Uuid::new_v4()));
    household(&system, list, todos).await;
    let created = give(&system, "todo-list", list, "create", &json!({ "name": "Hoem" })).await;
    assert_eq!(created.status, 201);
    let renamed = give(&system, "todo-list", list, "rename", &json!({ "name": "Home" })).await.accepted();
    assert_eq!(renamed["events"][0]["type"], "TodoListRenamed");

    let row = |outstanding, completed| json!({ "list_id": list, "name": "Home", "outstanding": outstanding, "completed": completed });
    assert_eq!(rows(&system, "todo-lists", &renamed["position"]).await, [row(3, 2)]);
    let completed = done(&system, todos[0], "complete", json!({ "completed_on": "2026-11-22" })).await;
    assert_eq!(rows(&system, "todo-lists", &completed["position"]).await, [row(2, 3)]);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_words() {
    let system = System::start().await;
    let [nowhere, completed, abandoned, list] = [(); 4].map(|()| Uuid::new_v4());
    for id in [completed, abandoned] {
        done(&system, id, "add", json!({ "title": "Call" })).await;
    }
    done(&system, completed, "complete", json!({ "completed_on": "2026-11-21" })).await;
    done(&system, abandoned, "abandon", json!({ "abandoned_on": "2026-11-21" })).await;

    let (title, done_on) = (json!({ "title": "Call" }), json!({ "completed_on": "2026-11-21" }));
    let given_up_on = json!({ "abandoned_on": "2026-11-21" });
    for (id, command, data, reason, words) in [
        (nowhere, "amend", &title, "does-not-exist", "does not exist"),
        (nowhere, "complete", &done_on, "does-not-exist", "does not exist"),
        (completed, "add", &title, "already-exists", "already exists"),
        (abandoned, "add", &title, "already-exists", "already exists"),
        (completed, "amend", &title, "is-complete", "is complete"),
        (abandoned, "amend", &title, "is-abandoned", "is abandoned"),
        (completed, "complete", &done_on, "already-complete", "already complete"),
        (completed, "abandon", &given_up_on, "already-complete", "already complete"),
        (abandoned, "complete", &done_on, "already-abandoned", "already abandoned"),
        (abandoned, "abandon", &given_up_on, "already-abandoned", "already abandoned"),
    ] {
        let refused = give(&system, "todo", id, command, data).await.problem(422, "refused");
        assert_eq!(refused["reason"], reason);
        assert_eq!(refused["detail"], format!("Todo \"{id}\" {words}"));
    }
    let refused = give(&system, "todo-list", list, "rename", &json!({ "name": "Home" })).await;
    assert_eq!(refused.problem(422, "refused")["detail"], format!("Todo list \"{list}\" does not exist"));

    for (data, pointer) in [
        (json!({}), ""),
        (json!({ "title": null }), "/title"),
        (json!({ "due_date": "2027-02-29" }), "/due_date"),
        (json!({ "list_id": null }), "/list_id"),
    ] {
        let invalid = give(&system, "todo", nowhere, "amend", &data).await.problem(400, "invalid-payload");
        assert_eq!(invalid["errors"][0]["pointer"], pointer, "{data}");
    }
    let internal = json!({ "notified_on": "2026-11-21" });
    let _ = give(&system, "todo", completed, "record-stakeholder-notified", &internal)
        .await
        .problem(404, "unknown-command");
}

#[tokio::test]
async fn a_stakeholder_is_told_and_the_todo_remembers_it() {
    let system = System::start().await;
    let (todo, correlation) = (Uuid::new_v4(), Uuid::new_v4().to_string());
    done(&system, todo, "add", fence(Uuid::new_v4())).await;
    let _ = give(&system, "todo", todo, "complete", &json!({ "completed_on": "2026-11-21" }))
        .header("X-Correlation-Id", &correlation)
        .await
        .accepted();

    let told = eventually("the todo remembers that its stakeholder was told", async || {
        let stream = system.get(&format!("/v1/streams/todo/{todo}")).await.accepted();
        (stream["version"] == 3).then(|| stream["events"][2].clone())
    })
    .await;

    assert_eq!(told["type"], "StakeholderNotifiedOfTodoCompletion");
    assert_eq!(told["correlation_id"], json!(correlation));
    let path = format!("/v1/events?correlation_id={correlation}&limit=500");
    let caused = system.get(&path).await.accepted()["events"].as_array().unwrap().clone();
    let types: Vec<_> = caused.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        ["TodoCompleted", "NotificationRequested", "NotificationSent", "StakeholderNotifiedOfTodoCompletion"]
    );
    let [completed, requested, sent, told] = &caused[..] else { unreachable!("there are four") };
    assert_eq!(requested["causation_id"], completed["id"]);
    assert_eq!(told["causation_id"], sent["id"]);
    let day = sent["recorded_at"].as_str().unwrap().split('T').next().unwrap();
    assert_eq!(told["data"], json!({ "notified_on": day }));

    let words = "Your todo item Paint the fence has been completed!";
    let mail = &rows(&system, "notifications?reactor=completion-notifier", &told["position"]).await[..];
    let [mail] = mail else { panic!("one mail, not {mail:?}") };
    assert_eq!((&mail["to"], &mail["body"]), (&json!("ada@example.com"), &json!(words)));
    assert_eq!((&mail["status"], &mail["about_id"]), (&json!("sent"), &json!(todo)));
    assert!(system.logs().contains(words), "the mail is a line of the log");
}

#[tokio::test]
async fn the_owner_of_a_new_list_gets_a_start() {
    let system = System::start().await;
    let [owned, nobodys] = [(); 2].map(|()| Uuid::new_v4());
    let ada = json!({ "name": "Home", "owner_email": "ada@example.com" });
    let _ = give(&system, "todo-list", nobodys, "create", &json!({ "name": "Work" })).await.accepted();
    let _ = give(&system, "todo-list", owned, "create", &ada).await.accepted();

    let mails = eventually("the owner's mail is sent", async || {
        let page = system.get("/v1/views/notifications?status=sent").await; // or 503, while it is built
        page.json["rows"].as_array().filter(|mails| !mails.is_empty()).cloned()
    })
    .await;
    let [mail] = &mails[..] else { panic!("one mail, not {mails:?}") };
    assert_eq!((&mail["reactor"], &mail["about_id"]), (&json!("getting-started"), &json!(owned)));
    assert_eq!(mail["to"], "ada@example.com");
}
