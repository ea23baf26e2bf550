//! Cursors are opaque, and nobody is helped who makes their own.

use annals_sqlite::View;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::fixtures::{House, apply, at, id, invalid, movement, post, statements, timeline};

async fn accepts(view: &View, cursor: &str) -> bool {
    view.rows(&[], 10, Some(cursor)).await.is_ok()
}

#[tokio::test]
async fn a_cursor_that_the_view_has_not_given_is_refused() {
    let house = House::new();
    let view = house.live(&statements()).await;
    let account = id(1);
    let made_up = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "[1".to_owned(),
        format!(r#"["statements@3","{account}"]"#),
        format!(r#"["statements@3","{account}",1,1]"#),
        format!(r#"["statements@3","{account}","1"]"#),
        format!(r#"["statements@3","{account}",1.5]"#),
        format!(r#"["statements@3","{account}",null]"#),
        format!(r#"["statements@3","{account}",9223372036854775808]"#),
        r#"["statements@3","nobody",1]"#.to_owned(),
        r#"["statements@3",1,1]"#.to_owned(),
        format!(r#"["statements@2","{account}",1]"#),
        format!(r#"["timeline@3","{account}",1]"#),
        format!(r#"[3,"{account}",1]"#),
    ];
    for place in made_up {
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(&place);
        let detail = invalid(view.rows(&[], 10, Some(&cursor)).await);
        assert!(detail.starts_with("The cursor is not one"), "{place}: {detail}");
    }
    for cursor in ["%%%", "ä", "a", "WyJzdGF0ZW1lbnRzQDMiXQ==", "' or 1=1 --"] {
        invalid(view.rows(&[], 10, Some(cursor)).await);
    }
    assert!(
        accepts(&view, &BASE64_URL_SAFE_NO_PAD.encode(format!(r#"["statements@3","{account}",1]"#))).await
    );
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_view_and_version() {
    let house = House::new();
    let view = house.live(&statements()).await;
    apply(&view, &[movement(1, 1, 0), movement(1, 2, 0)], at(1)).await.unwrap();
    let next = view.rows(&[], 1, None).await.unwrap().1.next.unwrap();
    let mut newer = statements();
    newer.version = 4;

    assert!(accepts(&view, &next).await);
    assert!(!accepts(&house.live(&newer).await, &next).await);
    assert!(!accepts(&house.live(&timeline()).await, &next).await);
}

#[tokio::test]
async fn a_cursor_fits_into_a_url_whatever_it_holds() {
    let house = House::new();
    let mut by_author = timeline();
    by_author.shows.order = annals_core::Order::Ascending(&["author"]);
    let view = house.live(&by_author).await;
    let authors = ["\0", "\"'\\", "?>", "é", "\u{1f980}"];
    let posts: Vec<_> =
        authors.iter().enumerate().map(|(number, author)| post(number as u128, author, 0)).collect();
    apply(&view, &posts, at(1)).await.unwrap();

    let mut seen = 0;
    let mut cursor: Option<String> = None;
    loop {
        let (_, page) = view.rows(&[], 1, cursor.as_deref()).await.unwrap();
        seen += page.rows.len();
        let Some(next) = page.next else { break };
        assert!(next.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it)), "{next}");
        cursor = Some(next);
    }
    assert_eq!(seen, authors.len());
}
