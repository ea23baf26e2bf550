use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::{
    lamp::{self, Happened, at},
    log::memory_index::MemoryReader,
    problem::Code,
};

/// Seven events: two of one lamp; of another one and three more of the first in one entry; and one of a third.
async fn reader() -> MemoryReader {
    lamp::reader(&[
        &[Happened::to(1, 2)],
        &[Happened::to(2, 1), Happened::to(1, 3)],
        &[],
        &[Happened::to(3, 1)],
    ])
    .await
}

fn all() -> Wanted {
    Wanted { limit: 100, ..Wanted::default() }
}

fn only(filter: EventFilter) -> Wanted {
    Wanted { filter, ..all() }
}

/// The addresses of the events, where to go on, and whether that is the end.
async fn shown(wanted: Wanted) -> (Vec<String>, Value, bool) {
    let page = serde_json::to_value(page(&reader().await, wanted).await.unwrap()).unwrap();
    let events = page["events"].as_array().unwrap().iter();
    let addresses = events.map(|event| format!("{}.{}", event["position"], event["place"])).collect();
    (addresses, page["next"].clone(), page["end"].as_bool().unwrap())
}

#[tokio::test]
async fn a_limit_counts_events_and_cuts_inside_an_entry() {
    let (mut after, mut seen) = (Address::default(), Vec::new());
    let nexts = [Value::from(1), "2.1".into(), 2.into(), 4.into()];
    for (next, end) in nexts.into_iter().zip([false, false, false, true]) {
        let page = shown(Wanted { after, limit: 2, ..Wanted::default() }).await;
        assert_eq!((&page.1, page.2), (&next, end));
        seen.extend(page.0);
        after = serde_json::from_value(next).unwrap();
    }
    assert_eq!(seen, ["1.0", "1.1", "2.0", "2.1", "2.2", "2.3", "4.0"]);
    assert_eq!(shown(Wanted { after, ..all() }).await, (vec![], 4.into(), true));
}

#[tokio::test]
async fn after_takes_a_position_or_a_place_in_it() {
    let after = async |after: &str| shown(Wanted { after: after.parse().unwrap(), ..all() }).await.0;
    assert_eq!(after("2").await, ["4.0"]);
    assert_eq!(after("2.1").await, ["2.2", "2.3", "4.0"]);
    assert_eq!(after("2.3").await, ["4.0"]);
    assert_eq!(after("1.0").await.len(), 6);
}

#[tokio::test]
async fn a_page_ends_when_it_is_large() {
    let reader =
        lamp::reader(&[&[Happened::to(1, 900)], &[Happened::to(2, 900)], &[Happened::to(3, 900)]]).await;
    let page = page(&reader, Wanted { limit: u32::MAX, ..Wanted::default() }).await.unwrap();
    let text = serde_json::to_string(&page).unwrap();
    assert!((512 * 1024..514 * 1024).contains(&text.len()), "{}", text.len());
    let shown = text.matches("LampLit").count();
    assert_eq!((page.next, page.end), (Address::new(2, u32::try_from(shown - 900 - 1).unwrap()), false));
}

#[tokio::test]
async fn the_end_is_never_hidden_by_a_filter() {
    let nowhere = Some(Uuid::nil());
    for filter in [
        EventFilter { types: Some(vec!["LampSold".to_owned()]), ..EventFilter::default() },
        EventFilter { category: Some("candle".to_owned()), ..EventFilter::default() },
        EventFilter { correlation_id: nowhere, ..EventFilter::default() },
        EventFilter { causation_id: nowhere, ..EventFilter::default() },
        EventFilter { since: Some(Timestamp::MAX), ..EventFilter::default() },
    ] {
        assert_eq!(shown(only(filter)).await, (vec![], 4.into(), true));
    }
}

#[tokio::test]
async fn filters_let_through_what_they_name() {
    let types = Some(vec!["LampSold".to_owned(), "LampLit".to_owned()]);
    assert_eq!(shown(only(EventFilter { types, ..EventFilter::default() })).await.0.len(), 7);
    let correlation_id = Some(lamp::correlation_id(2));
    let related = only(EventFilter { correlation_id, ..EventFilter::default() });
    assert_eq!(shown(related).await, (vec!["2.0".into()], 4.into(), true));
    let causation_id = Some(lamp::command_id(3));
    let caused = only(EventFilter { causation_id, ..EventFilter::default() });
    assert_eq!(shown(caused).await.0, ["2.1", "2.2", "2.3"]);
    let since = Some(at(2));
    assert_eq!(shown(only(EventFilter { since, ..EventFilter::default() })).await.0, ["4.0"]);
}

#[tokio::test]
async fn until_is_inclusive() {
    let until = async |after: &str, until| {
        shown(Wanted { after: after.parse().unwrap(), until: Some(until), ..all() }).await
    };
    assert_eq!(until("1", 2).await, (["2.0", "2.1", "2.2", "2.3"].map(Into::into).to_vec(), 2.into(), true));
    assert_eq!(until("2.1", 1).await, (vec![], "2.1".into(), true));
    assert_eq!(until("0", 0).await, (vec![], 0.into(), true));
}

#[tokio::test]
async fn what_is_beyond_the_end_is_refused() {
    for wanted in [
        Wanted { after: Address::whole(5), ..all() },
        Wanted { after: Address::whole(u64::MAX), ..all() },
        Wanted { after: Address::new(5, 0), ..all() },
        Wanted { until: Some(5), ..all() },
    ] {
        let problem = page(&reader().await, wanted).await.unwrap_err();
        assert_eq!(problem.code, Code::InvalidQuery);
        assert!(problem.detail.contains("which is at 4"), "{}", problem.detail);
    }
}

#[tokio::test]
async fn an_index_that_is_behind_does_not_show_less() {
    let reader = reader().await;
    reader.index().stop_at(3);
    let problem = page(&reader, all()).await.unwrap_err();
    assert_eq!(problem.code, Code::ProjectionBehind);
}
