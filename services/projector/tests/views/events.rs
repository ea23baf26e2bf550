//! Events that one view cannot handle: that view stands before them, and all others go on.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use annals_core::{
    Listen, Position, Recorded, Sql,
    bus::{Failure, ViewState},
};
use annals_testkit::eventually;
use serde_json::json;

use crate::{
    fixtures::{House, Projector, QUICK, named, thing},
    things::{self, Event, Person, Thing, catalog, mended},
};

/// Two things, what is `poison`, and a thing and a person after it.
async fn stands_before(poison: impl AsyncFnOnce(&House) -> Position, reason: &str) -> (House, Projector) {
    let house = House::new().await;
    house.append_things(0..2).await;
    let projector = house.start(catalog());
    house.has_things(2).await;
    let bad = poison(&house).await;
    house.append("thing", "later").await;
    let end = house.append("person", "Ada").await;

    house.is("things", ViewState::Degraded).await;
    let began = Instant::now();
    let failure = house.rows("things", Some(end)).await.unwrap_err();
    let Failure::EventQuarantined { detail } = &failure else { panic!("{failure:?}") };
    assert!(detail.starts_with(&format!("position {bad}: ")) && detail.contains(reason), "{detail}");
    assert!(began.elapsed() < Duration::from_secs(5), "it was not waited for");

    assert_eq!(house.rows("things", Some(bad - 1)).await.unwrap().len(), 2);
    assert_eq!(house.rows("things", None).await.unwrap().len(), 2);
    let status = house.status("things").await.unwrap();
    assert_eq!((status.position, status.lag_events), (bad - 1, end - (bad - 1)));
    assert!(status.lag_seconds > 0.0, "{status:?}");
    assert_eq!(house.rows("people", Some(end)).await.unwrap().len(), 1, "the other view lives");
    house.is("people", ViewState::Live).await;
    let (status, body) = projector.ready().await;
    assert_eq!((status, &body["degraded"]), (200, &json!(["things"])));
    (house, projector)
}

#[tokio::test]
async fn an_event_of_an_unknown_type_stops_its_view_only() {
    let poison = async |house: &House| house.append_event("thing", "Vanished", json!({})).await;
    stands_before(poison, "Vanished").await.1.stop().await;
}

#[tokio::test]
async fn an_event_with_malformed_data_stops_its_view_only() {
    let poison = async |house: &House| house.append_event("thing", "Named", json!({ "name": 7 })).await;
    stands_before(poison, "Named").await.1.stop().await;
}

#[tokio::test]
async fn an_event_that_the_tables_do_not_take_stops_its_view_only() {
    let poison = async |house: &House| house.append("thing", "forbidden").await;
    stands_before(poison, "CHECK constraint failed").await.1.stop().await;
}

#[tokio::test]
async fn a_projection_that_panics_stops_its_view_only() {
    let poison = async |house: &House| house.append("thing", "panic").await;
    stands_before(poison, "panicked").await.1.stop().await;
}

#[tokio::test]
async fn a_view_stops_in_front_of_the_whole_entry() {
    let poison = async |house: &House| {
        house.append_entry(&[named("thing", "before"), named("thing", "forbidden")]).await
    };
    stands_before(poison, "CHECK constraint failed").await.1.stop().await;
}

#[tokio::test]
async fn commits_of_one_entry_are_shown_together() {
    let house = House::new().await;
    let projector = house.start(catalog());
    house.answers().await;
    let names = ["Ada", "Bob"].map(|name| named("person", name));
    let position = house.append_entry(&[names.as_slice(), &[named("thing", &thing(0))]].concat()).await;

    assert_eq!(house.rows("people", Some(position)).await.unwrap().len(), 2);
    house.has_things(1).await;
    projector.stop().await;
}

#[tokio::test]
async fn an_empty_entry_moves_every_view() {
    let house = House::new().await;
    house.append_things(0..2).await;
    let projector = house.start(catalog());
    house.answers().await;
    let position = house.append_body(b"[]").await;

    assert_eq!(house.rows("things", Some(position)).await.unwrap().len(), 2);
    assert_eq!(house.status("people").await.unwrap().position, position);
    projector.stop().await;
}

#[tokio::test]
async fn foreign_messages_between_entries_stop_nothing() {
    let house = House::new().await;
    let mut projector = house.start(catalog());
    house.answers().await;
    for number in 0..5 {
        house.append_things(number..number + 1).await;
        house.append_foreign("events.main", "not an entry").await;
        let last = house.append_foreign("events.other", "[]").await;
        assert_eq!(house.rows("things", Some(last)).await.unwrap().len(), number + 1);
        if number == 2 {
            projector.stop().await; // and the checkpoint is behind a foreign message
            projector = house.start(catalog());
            house.answers().await;
        }
    }

    house.has_things(5).await;
    assert_eq!(house.status("things").await.unwrap().position, 15);
    house.is("things", ViewState::Live).await;
    assert_eq!(projector.ready().await.1["degraded"], json!([]));
    projector.stop().await;
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_stops_every_view_and_the_index() {
    let house = House::new().await;
    house.append_things(0..2).await;
    let projector = house.start(catalog());
    house.has_things(2).await;
    let bad = house.append_body(br#"[{"not": "an event"}]"#).await;
    let end = house.append("person", "Ada").await;

    for view in ["things", "people"] {
        let failure = house.rows(view, Some(end)).await.unwrap_err();
        let Failure::EventQuarantined { detail } = &failure else { panic!("{failure:?}") };
        assert!(detail.contains(&format!("position {bad}")), "{detail}");
        assert_eq!(house.status(view).await.unwrap().position, bad - 1);
    }
    let all = json!(["events", "people", "things"]);
    eventually("all are named", async || projector.ready().await.1["degraded"] == all).await;
    assert_eq!(projector.ready().await.0, 200);
    projector.stop().await;
}

#[tokio::test]
async fn a_minimum_position_beyond_the_log_is_refused_at_once() {
    let house = House::new().await;
    let end = house.append("person", "Ada").await;
    let projector = house.start(catalog());
    house.is("things", ViewState::Live).await;

    let failure = house.rows("things", Some(end + 1)).await.unwrap_err();

    assert_eq!(failure, Failure::BeyondTheEnd { wanted: end + 1, end });
    projector.stop().await;
}

#[tokio::test]
async fn after_a_fix_the_view_goes_on() {
    let poison = async |house: &House| house.append("thing", "forbidden").await;
    let (house, projector) = stands_before(poison, "forbidden").await;
    projector.stop().await;

    let projector = house.start(mended());
    house.is("things", ViewState::Live).await;

    let rows = house.rows("things", Some(5)).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.times)).collect();
    assert_eq!(names, [("allowed", 1), ("later", 1), ("thing 0000", 1), ("thing 0001", 1)]);
    assert_eq!(projector.ready().await.1["degraded"], json!([]));
    projector.stop().await;
}

#[tokio::test]
async fn a_view_in_trouble_shows_in_the_metrics() {
    let poison = async |house: &House| house.append("thing", "forbidden").await;
    let (_house, projector) = stands_before(poison, "forbidden").await;
    let metrics = projector.metrics().await;
    for name in ["position", "lag_commits", "live", "degraded", "retries_total", "commits_total"] {
        let line = format!("annals_view_{name}{{view=\"things\"}} ");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    assert!(metrics.contains("annals_view_batch_seconds_bucket{view=\"things\""), "{metrics}");
    projector.stop().await;
}

#[tokio::test]
async fn an_event_among_many_that_cannot_be_written_stops_after_the_last_good_one() {
    let house = House::new().await;
    house.append_things(0..200).await;
    let bad = house.append("thing", "forbidden").await;
    house.append_things(200..300).await;

    let projector = house.start(catalog());

    house.is("things", ViewState::Degraded).await;
    assert_eq!(house.status("things").await.unwrap().position, bad - 1);
    let failure = house.rows("things", None).await.unwrap_err();
    assert!(matches!(failure, Failure::EventQuarantined { .. }), "never at the log's end: {failure:?}");
    projector.stop().await;
}

/// When the event was tried. Used by one test only.
static TRIES: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

fn fail_at_bad(it: &Recorded<Event>) -> Vec<Sql> {
    let Event::Named { name } = &it.event;
    if name == "bad" {
        TRIES.lock().unwrap().push(Instant::now());
    }
    vec![Sql::new("insert into named values (null, null, null)")]
}

#[tokio::test]
async fn what_is_in_the_way_is_tried_less_and_less_often_whatever_comes_after_it() {
    let house = House::new().await;
    let bad = things::of([
        things::view("things", Thing::on(fail_at_bad)),
        things::view("people", Person::on(|_: &Recorded<Event>| Vec::<Sql>::new())),
    ]);
    house.append("thing", "bad").await;
    let projector = house.start(bad);

    let tried_so_often = async |times: usize| {
        eventually("it is tried again", async || TRIES.lock().unwrap().len() >= times).await;
    };
    for times in 1..8 {
        tried_so_often(times).await;
        house.append("thing", "later").await;
    }

    let tries = TRIES.lock().unwrap().clone();
    for (number, pair) in tries.windows(2).enumerate() {
        let pause = (QUICK.retry * (1 << number)).min(QUICK.max_retry);
        let paused = pair[1] - pair[0];
        assert!(paused >= pause, "after try {}: {paused:?} instead of {pause:?}", number + 1);
    }
    projector.stop().await;
}
