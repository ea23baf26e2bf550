//! Posts: published, read, deleted.

use annals_testkit::{Answer, Call, System};
use serde_json::{Value, json};
use uuid::Uuid;

/// A command to a post, not yet sent.
pub fn give(system: &System, id: Uuid, command: &str, data: &Value) -> Call {
    system.post(&format!("/v1/commands/post/{id}/{command}"), data)
}

/// Somebody publishes something: the post's id, and the position.
pub async fn publish(system: &System, author: &str, content: &str) -> (Uuid, String) {
    let id = Uuid::new_v4();
    let published = give(system, id, "publish", &json!({ "author": author, "content": content })).await;
    assert_eq!(published.status, 201, "{}", published.text);
    (id, published.header("annals-position").to_owned())
}

/// The rows of a view that has everything up to `position`.
async fn rows(system: &System, view: &str, position: &str) -> Value {
    let read = system.get(&format!("/v1/views/{view}")).header("Annals-Min-Position", position).await;
    read.accepted()["rows"].clone()
}

fn contents(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_published_is_read_and_what_is_deleted_is_not() {
    let system = System::start().await;
    let (hello, _) = publish(&system, "Ada", "Hello").await;
    publish(&system, "Bob", "Good morning").await;
    let (_, position) = publish(&system, "Ada", "Anybody?").await;

    assert_eq!(contents(&rows(&system, "timeline", &position).await), ["Anybody?", "Good morning", "Hello"]);
    let of_ada = rows(&system, "timeline?author=Ada", &position).await;
    assert_eq!(contents(&of_ada), ["Anybody?", "Hello"]);
    let row = of_ada[1].as_object().unwrap();
    assert_eq!(row.keys().collect::<Vec<_>>(), ["author", "content", "post_id", "published_at"]);
    assert_eq!((&row["post_id"], &row["author"]), (&json!(hello), &json!("Ada")));
    let both = json!([{ "author": "Ada", "posts": 2 }, { "author": "Bob", "posts": 1 }]);
    assert_eq!(rows(&system, "authors", &position).await, both);

    let deleted = give(&system, hello, "delete", &json!({})).await;
    let position = deleted.header("annals-position").to_owned();
    assert_eq!(deleted.accepted()["events"][0]["data"], json!({ "author": "Ada" }));

    assert_eq!(contents(&rows(&system, "timeline", &position).await), ["Anybody?", "Good morning"]);
    let both = json!([{ "author": "Ada", "posts": 1 }, { "author": "Bob", "posts": 1 }]);
    assert_eq!(rows(&system, "authors", &position).await, both);
    let stream = system.get(&format!("/v1/streams/post/{hello}")).await.accepted();
    let kinds: Vec<_> = stream["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, ["PostPublished", "PostDeleted"], "its events stay in the log");
}

#[tokio::test]
async fn an_author_without_posts_is_gone() {
    let system = System::start().await;
    let (only, _) = publish(&system, "Ada", "Hello").await;
    publish(&system, "Bob", "Good morning").await;
    let deleted = give(&system, only, "delete", &json!({})).await;
    let position = deleted.header("annals-position");

    assert_eq!(rows(&system, "authors", position).await, json!([{ "author": "Bob", "posts": 1 }]));
    let ada = system.get("/v1/views/authors/Ada").header("Annals-Min-Position", position).await;
    let _ = ada.problem(404, "not-found");
}

#[tokio::test]
async fn a_post_comes_once_and_goes_for_good() {
    let system = System::start().await;
    let id = Uuid::new_v4();
    let words = json!({ "author": "Ada", "content": "Hello" });
    let reason = |answer: Answer| answer.problem(422, "refused")["reason"].clone();

    assert_eq!(reason(give(&system, id, "delete", &json!({})).await), "not-published");
    let _ = give(&system, id, "publish", &words).await.accepted();
    assert_eq!(reason(give(&system, id, "publish", &words).await), "already-published");
    let _ = give(&system, id, "delete", &json!({})).await.accepted();
    assert_eq!(reason(give(&system, id, "publish", &words).await), "deleted");

    let again = give(&system, id, "delete", &json!({})).await;
    assert_eq!(again.status, 200);
    let again = again.accepted();
    assert_eq!((&again["events"], &again["version"]), (&json!([]), &json!(2)));
}

#[tokio::test]
async fn a_post_has_an_author_and_at_most_280_characters() {
    let system = System::start().await;
    let id = Uuid::new_v4();
    let longest = "🐢".repeat(280);
    for (words, pointer) in [
        (json!({ "author": "Ada", "content": format!("{longest}!") }), "/content"),
        (json!({ "author": "Ada", "content": " \n" }), "/content"),
        (json!({ "author": "Ada" }), "/content"),
        (json!({ "author": "", "content": "Hello" }), "/author"),
        (json!({ "author": "Ada", "content": "Hello", "mood": "good" }), "/mood"),
    ] {
        let problem = give(&system, id, "publish", &words).await.problem(400, "invalid-payload");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{words}");
    }
    let (_, position) = publish(&system, "Ada", &longest).await;
    assert_eq!(contents(&rows(&system, "timeline", &position).await), [longest]);
}
