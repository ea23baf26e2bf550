//! Rows by key and by filter.

use annals_core::Sql;

use crate::fixtures::{
    House, apply, at, column, filters, id, invalid, movement, parsed, post, statements, strings, timeline,
};

#[tokio::test]
async fn a_row_has_its_columns_in_the_declared_order() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let liked = Sql::new("update posts set likes = ?, [from] = ?").bind(-3_i64).bind("");
    apply(&view, &[post(1, "ada", 1)], at(4)).await.unwrap();
    let (position, row) = view.row(&[id(1)]).await.unwrap();
    apply(&view, &[liked], at(5)).await.unwrap();
    let (later, changed) = view.row(&[id(1)]).await.unwrap();

    let begin =
        format!(r#"{{"published_at":"2026-11-21T09:01:00.000000Z","post_id":"{}","author":"ada","#, id(1));
    assert_eq!(row.unwrap().get(), begin.clone() + r#""from":null,"likes":null}"#);
    assert_eq!(changed.unwrap().get(), begin + r#""from":"","likes":-3}"#);
    assert_eq!((position, later), (4, 5));
}

#[tokio::test]
async fn a_key_that_nobody_has_finds_nothing() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    apply(&view, &[], at(8)).await.unwrap();

    let (position, row) = view.row(&[id(404)]).await.unwrap();

    assert_eq!(position, 8);
    assert!(row.is_none());
}

#[tokio::test]
async fn a_key_of_two_columns_names_one_row() {
    let house = House::new();
    let view = house.live(&statements()).await;
    let account = 0xabc_def;
    apply(&view, &[movement(account, 1, 10), movement(account, 2, 20)], at(1)).await.unwrap();

    let (_, row) = view.row(&[id(account).to_uppercase(), "2".into()]).await.unwrap();

    assert_eq!(parsed(&row.unwrap())["amount"], 20);
}

#[tokio::test]
async fn a_key_must_have_all_parts_and_each_of_its_kind() {
    let house = House::new();
    let view = house.live(&statements()).await;
    let account = id(1);
    let keys: [(&[&str], &str); 6] = [
        (&[], "A row of this view has a key of 2 (`account_id:version`), not of 0."),
        (&[&account], "A row of this view has a key of 2 (`account_id:version`), not of 1."),
        (&[&account, "1", "1"], "A row of this view has a key of 2 (`account_id:version`), not of 3."),
        (&["ada", "1"], "`account_id` must be a UUID, not `ada`."),
        (&[&account, "one"], "`version` must be a whole number, not `one`."),
        (&[&account, "9223372036854775808"], "`version` must be a whole number, not `9223372036854775808`."),
    ];
    for (key, detail) in keys {
        assert_eq!(invalid(view.row(&strings(key)).await), detail);
    }
}

#[tokio::test]
async fn filters_compare_each_kind_as_what_it_is() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let liked = Sql::new("update posts set likes = 7 where author = ?").bind("bob");
    apply(&view, &[post(0xa, "ada", 1), post(0xb, "bob", 2), liked], at(1)).await.unwrap();

    assert_eq!(column(&view, "author", &[("post_id", &id(0xa).to_uppercase())]).await, ["ada"]);
    assert_eq!(column(&view, "author", &[("likes", "7")]).await, ["bob"]);
    assert_eq!(column(&view, "author", &[("published_at", "2026-11-21T10:02:00+01:00")]).await, ["bob"]);
    assert_eq!(column(&view, "author", &[("author", "ada"), ("likes", "7")]).await.len(), 0);
    assert_eq!(column(&view, "author", &[("author", "Ada")]).await.len(), 0);
    assert_eq!(column(&view, "author", &[("author", "")]).await.len(), 0);
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_named() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let mut unfiltered = timeline();
    unfiltered.version = 2;
    unfiltered.shows.filters = &[];
    let known = "`author`, `likes`, `post_id`, `published_at`";
    let cases = [
        (filters(&[("nothing", "1")]), format!("`nothing` is no filter of this view; it has {known}.")),
        (filters(&[("from", "1")]), format!("`from` is no filter of this view; it has {known}.")),
        (
            filters(&[("author] = 1 --", "1")]),
            format!("`author] = 1 --` is no filter of this view; it has {known}."),
        ),
        (filters(&[("author", "a"), ("likes", "1"), ("author", "b")]), "`author` is given twice.".into()),
        (filters(&[("post_id", "1")]), "`post_id` must be a UUID, not `1`.".into()),
        (filters(&[("likes", "many")]), "`likes` must be a whole number, not `many`.".into()),
        (
            filters(&[("published_at", "noon")]),
            "`published_at` must be a time as in RFC 3339, not `noon`.".into(),
        ),
    ];
    for (filters, detail) in cases {
        assert_eq!(invalid(view.rows(&filters, 10, None).await), detail);
    }
    let detail = invalid(house.live(&unfiltered).await.rows(&filters(&[("author", "a")]), 10, None).await);
    assert_eq!(detail, "`author` is no filter of this view; it has none.");
}

#[tokio::test]
async fn texts_are_kept_and_compared_verbatim() {
    let house = House::new();
    let view = house.live(&timeline()).await;
    let texts = [
        "'; drop table posts; --",
        "\" or \"\"=\"",
        "? ?1 :a @b $c",
        "%_*[a-z]",
        "Zoë  \u{1f469}\u{200d}\u{1f680} \u{202e}עברית",
        "line\nline\r\n\ttab \\ \"quoted\" \u{1} \u{7f} \u{2028}",
        "nul \0 within",
        "nul \0 within, another",
        "{\"json\": [1]}",
        " blank ",
        "007",
    ];
    let posts: Vec<_> =
        texts.iter().enumerate().map(|(number, text)| post(number as u128, text, 0)).collect();
    apply(&view, &posts, at(1)).await.unwrap();

    for text in texts {
        assert_eq!(column(&view, "author", &[("author", text)]).await, [text]);
    }
}
