use super::*;
use crate::lamp::{self, Happened};

async fn versions(
    reader: &LogReader<impl Log, impl Index>,
    addresses: &[(u64, u32)],
) -> Result<Vec<u64>, Code> {
    let addresses: Vec<_> =
        addresses.iter().map(|(position, place)| annals_core::address(*position, *place)).collect();
    let events = reader.events(&addresses).map_ok(|event| event.view().version);
    events.try_collect().await.map_err(|problem| problem.code)
}

#[tokio::test]
async fn events_come_in_the_order_in_which_they_are_asked_for() {
    let reader = lamp::reader(&[
        &[Happened::to(1, 2), Happened::to(2, 1), Happened::to(1, 1)],
        &[Happened::to(1, 1)],
        &[Happened::to(1, 1)],
    ])
    .await;
    assert_eq!(versions(&reader, &[(1, 0), (1, 1), (1, 3), (2, 0), (3, 0)]).await, Ok(vec![1, 2, 3, 4, 5]));
    assert_eq!(versions(&reader, &[(3, 0), (1, 2), (2, 0), (1, 1)]).await, Ok(vec![5, 1, 4, 2]));
    assert_eq!(versions(&reader, &[]).await, Ok(vec![]));
}

#[tokio::test]
async fn what_is_not_as_it_was_indexed_is_not_shown() {
    let reader = lamp::reader(&[&[Happened::to(1, 2)]]).await;
    assert_eq!(versions(&reader, &[(1, 2)]).await, Err(Code::EventQuarantined));
    assert_eq!(versions(&reader, &[(2, 0)]).await, Err(Code::EventQuarantined));
    let log = reader.tail.log();
    let entry = log.get(1).await.unwrap().unwrap();
    let headers: Vec<_> = entry.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let position = log.publish("events.main", &headers, "[]");
    assert_eq!(
        versions(&reader, &[(position, 0)]).await,
        Err(Code::EventQuarantined),
        "its hash is another one"
    );
}

#[tokio::test]
async fn the_last_event_of_an_entry_stands_for_all_of_it() {
    let reader = lamp::reader(&[&[Happened::to(1, 2), Happened::to(2, 1)]]).await;
    let addresses = [0, 1, 2].map(|place| annals_core::address(1, place));
    let events: Vec<_> = reader.events(&addresses).try_collect().await.unwrap();
    let resume: Vec<_> = events.iter().map(|event| event.resume_after().to_string()).collect();
    assert_eq!(resume, ["1.0", "1.1", "1"]);
}
