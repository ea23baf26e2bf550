//! Posts: what is shown of them.

use std::collections::BTreeMap;

use annals_core::StreamId;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{History, Order, after, events, reactions, rows, shown, time};

fn post(number: u128) -> StreamId {
    StreamId::new("post", Uuid::from_u128(number))
}

fn words(author: &str, content: &str) -> Value {
    json!({ "author": author, "content": content })
}

fn row(number: u128, author: &str, content: &str, published: u64) -> Value {
    json!({
        "post_id": post(number).id, "author": author, "content": content, "published_at": time(published),
    })
}

/// Ada publishes twice, Bob thinks better of it, Cy has the last word.
fn chat() -> History {
    let mut history = History::new();
    history.accept(&post(9), "publish", &words("Ada", "Hello"));
    history.accept(&post(3), "publish", &words("Bob", "Nonsense"));
    history.accept(&post(5), "publish", &words("Ada", "Anybody?"));
    history.accept(&post(3), "delete", &json!({}));
    history.accept(&post(1), "publish", &words("Cy", "  Here.  "));
    history
}

#[tokio::test]
async fn the_timeline_has_the_newest_post_first_and_no_deleted_one() {
    assert_eq!(
        shown("timeline", &chat()).await,
        [row(1, "Cy", "Here.", 5), row(5, "Ada", "Anybody?", 3), row(9, "Ada", "Hello", 1)]
    );
}

#[tokio::test]
async fn the_timeline_can_be_that_of_one_author() {
    let history = chat();
    let commits: Vec<_> = history.commits.iter().collect();

    let found = rows("timeline", &commits, &[("author", "Ada")]).await;

    assert_eq!(found, [row(5, "Ada", "Anybody?", 3), row(9, "Ada", "Hello", 1)]);
}

#[tokio::test]
async fn an_author_without_posts_is_gone() {
    assert_eq!(
        shown("authors", &chat()).await,
        [json!({ "author": "Ada", "posts": 2 }), json!({ "author": "Cy", "posts": 1 })]
    );
}

#[test]
fn what_was_deleted_stays_in_the_log_and_wakes_nobody() {
    let history = chat();
    let kinds: Vec<_> =
        events(&history).filter(|(_, stream, ..)| **stream == post(3)).map(|(_, _, kind, _)| kind).collect();

    assert_eq!(kinds, ["PostPublished", "PostDeleted"]);
    assert!(history.commits.iter().all(|commit| reactions(&history, commit).is_empty()));
}

fn order() -> impl Strategy<Value = Order> {
    let publish = (prop::sample::select(vec!["Ada", "Bob", "Cy"]), "[a-z]{1,9}");
    let command = prop_oneof![
        3 => publish.prop_map(|(author, content)| ("publish", words(author, &content))),
        2 => Just(("delete", json!({}))),
    ];
    (1_u128..9, command).prop_map(|(number, (command, data))| Order { stream: post(number), command, data })
}

/// Author and content of every post that is not deleted, by position.
fn posts_by_hand(history: &History) -> BTreeMap<u64, (Uuid, Value, Value)> {
    let mut posts = BTreeMap::new();
    for (position, stream, kind, data) in events(history) {
        match kind {
            "PostPublished" => {
                posts.insert(position, (stream.id, data["author"].clone(), data["content"].clone()));
            }
            "PostDeleted" => posts.retain(|_, (id, ..)| *id != stream.id),
            _ => {}
        }
    }
    posts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_timeline_and_its_authors_are_what_reading_the_log_gives(orders in prop::collection::vec(order(), 0..40)) {
        let history = after(orders);
        let once: Vec<_> = history.commits.iter().collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let by_hand = posts_by_hand(&history);

        let newest_first = by_hand.iter().rev().map(|(position, (id, author, content))| {
            json!({ "post_id": id, "author": author, "content": content, "published_at": time(*position) })
        });
        prop_assert_eq!(runtime.block_on(rows("timeline", &once, &[])), newest_first.collect::<Vec<_>>());

        let mut posts = BTreeMap::<&str, u64>::new();
        for (_, author, _) in by_hand.values() {
            *posts.entry(author.as_str().unwrap()).or_default() += 1;
        }
        let counted = posts.iter().map(|(author, posts)| json!({ "author": author, "posts": posts }));
        prop_assert_eq!(runtime.block_on(rows("authors", &once, &[])), counted.collect::<Vec<_>>());
    }
}
