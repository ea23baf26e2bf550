//! Pages in order, whatever comes and goes between them.

use std::collections::BTreeSet;

use annals_core::{Order, Projection, Sql};
use annals_sqlite::View;
use serde_json::Value;

use crate::fixtures::{House, apply, at, column, filters, id, movement, parsed, post, statements, timeline};

const MINUTES: u32 = 10;

fn minute(number: u128) -> u32 {
    u32::try_from(number * 7 % u128::from(MINUTES)).unwrap()
}

fn remove(number: u128) -> Sql {
    Sql::new("delete from posts where post_id = ?").bind(id(number))
}

/// Reads all pages; after each one, two posts are added and two are deleted. Returns the places of the
/// rows in the order they were read, and the numbers of the posts that were there all the time.
async fn walk(view: &View) -> (Vec<(String, String)>, BTreeSet<u128>) {
    let posts: Vec<_> = (0..1000).map(|number| post(number, "ada", minute(number))).collect();
    apply(view, &posts, at(1)).await.unwrap();
    let mut survivors: BTreeSet<u128> = (0..1000).collect();

    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    for step in 0.. {
        let (_, page) = view.rows(&[], 37, cursor.as_deref()).await.unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = page.rows.iter().map(|row| parsed(row));
        seen.extend(rows.map(|row| (text(&row, "published_at"), text(&row, "post_id"))));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        let gone = [step * 31 % 1000, step * 53 % 1000];
        let new = [1000 + step, 5000 - step];
        survivors.retain(|number| !gone.contains(number));
        let changes: Vec<_> = gone
            .map(remove)
            .into_iter()
            .chain(new.map(|number| post(number, "new", minute(number))))
            .collect();
        apply(view, &changes, at(2)).await.unwrap();
    }
    (seen, survivors)
}

async fn assert_all_survivors_once(
    projection: &Projection,
    in_order: fn(&(String, String), &(String, String)) -> bool,
) {
    let house = House::new();
    let view = house.live(projection).await;

    let (seen, survivors) = walk(&view).await;

    assert!(seen.is_sorted_by(in_order), "strictly in order, so nothing twice");
    let ids: BTreeSet<_> = seen.into_iter().map(|(_, id)| id).collect();
    let missing: Vec<_> = survivors.iter().filter(|number| !ids.contains(&id(**number))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(survivors.len() > 900);
}

#[tokio::test]
async fn descending_pages_hold_across_inserts_and_deletes() {
    assert_all_survivors_once(&timeline(), |a, b| a > b).await;
}

#[tokio::test]
async fn ascending_pages_hold_across_inserts_and_deletes() {
    let mut oldest_first = timeline();
    oldest_first.shows.order = Order::Ascending(&["published_at"]);

    assert_all_survivors_once(&oldest_first, |a, b| a < b).await;
}

#[tokio::test]
async fn the_last_page_has_no_next() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    assert!(view.rows(&[], 3, None).await.unwrap().1.next.is_none());

    let posts: Vec<_> = (0..6).map(|number| post(number, "ada", 0)).collect();
    apply(&view, &posts, at(1)).await.unwrap();
    let (_, first) = view.rows(&[], 3, None).await.unwrap();
    let (_, second) = view.rows(&[], 3, first.next.as_deref()).await.unwrap();

    assert_eq!((first.rows.len(), second.rows.len()), (3, 3));
    assert!(second.next.is_none());
}

#[tokio::test]
async fn a_page_ends_at_512_kib() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let long = "ü".repeat(50_000);
    let mut posts: Vec<_> = (0..12).map(|number| post(number, &long, 0)).collect();
    posts.push(post(13, &long.repeat(12), 59)); // shown first, and too long by itself
    apply(&view, &posts, at(1)).await.unwrap();

    let mut lengths = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let (_, page) = view.rows(&[], 500, cursor.as_deref()).await.unwrap();
        lengths.push(page.rows.len());
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(lengths, [1, 5, 5, 2]);
}

#[tokio::test]
async fn filters_hold_from_page_to_page() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let posts: Vec<_> =
        (0..20).map(|number| post(number, if number % 2 == 0 { "ada" } else { "bob" }, 0)).collect();
    apply(&view, &posts, at(1)).await.unwrap();
    let ada = filters(&[("author", "ada")]);

    let (_, first) = view.rows(&ada, 6, None).await.unwrap();
    let (_, second) = view.rows(&ada, 6, first.next.as_deref()).await.unwrap();

    assert_eq!((first.rows.len(), second.rows.len()), (6, 4));
    assert!(first.rows.iter().chain(&second.rows).all(|row| parsed(row)["author"] == "ada"));
}

#[tokio::test]
async fn numbers_are_ordered_as_numbers() {
    let house = House::new();
    let view = house.live(&statements()).await;
    let movements: Vec<_> = [10, 9, 2, 100, -1, i64::MAX].map(|version| movement(1, version, 0)).into();
    apply(&view, &movements, at(1)).await.unwrap();

    let mut versions = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let (_, page) = view.rows(&[], 1, cursor.as_deref()).await.unwrap();
        versions.extend(page.rows.iter().map(|row| parsed(row)["version"].as_i64().unwrap()));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(versions, [-1, 2, 9, 10, 100, i64::MAX]);
    assert_eq!(column(&view, "version", &[("account_id", &id(1))]).await.len(), 6);
}
