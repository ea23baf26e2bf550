//! What is wrong with one of a batch is told to that one.

use annals_core::{Commit, CommitError};
use annals_nats::LogError;
use annals_testkit::nats;
use serde_json::json;

use crate::{
    append_all, append_firsts,
    commits::{commit, commit_of, stream},
    firsts, log_at, overtaken, read, stored,
};

#[tokio::test]
async fn of_two_hundred_at_once_each_is_told_its_own_outcome() {
    let server = nats().await;
    let log = log_at(&server.url()).await;
    let firsts = firsts(120);
    let positions: Vec<_> =
        append_firsts(&log, &firsts).await.into_iter().map(|told| stored(told).position).collect();

    let seconds: Vec<_> = firsts.iter().map(|first| commit(&first.stream, 1)).collect();
    let mut given = Vec::new();
    for ((place, first), second) in firsts.iter().enumerate().zip(&seconds) {
        given.push(match place % 4 {
            0 => (second.clone(), 0),                    // stale
            1 => (first.clone(), 0),                     // a repeat
            2 => (second.clone(), positions[place] + 7), // where its stream never stood
            _ => (second.clone(), positions[place]),
        });
    }
    given.extend((0..78).map(|_| (commit(&stream("thing"), 0), 0)));
    given.push((commit_of(&stream("thing"), 0, &[]), 0));
    given.push((commit_of(&stream("thing"), 0, &[json!({ "text": "x".repeat(Commit::MAX_BYTES) })]), 0));

    let mut told = append_all(&log, &given).await;
    assert!(matches!(told.pop(), Some(Err(LogError::Commit(CommitError::TooLarge { .. })))));
    assert!(matches!(told.pop(), Some(Err(LogError::Commit(CommitError::Empty)))));
    let log = read(&server).await;
    for ((place, told), (given, _)) in told.into_iter().enumerate().zip(&given) {
        match (place < firsts.len(), place % 4) {
            (true, 0) => assert_eq!(overtaken(told)[0].position, positions[place]),
            (true, 1) => assert_eq!(stored(told).position, positions[place]),
            (true, 2) => assert!(overtaken(told).is_empty()),
            _ => assert_eq!(stored(told).position, log[&given.id]),
        }
    }
    assert_eq!(log.len(), 120 + 30 + 78, "and nothing else is stored");
}

#[tokio::test]
async fn of_two_for_the_same_place_one_is_stored_and_the_other_overtaken_by_it() {
    let server = nats().await;
    let log = log_at(&server.url()).await;
    let pairs: Vec<_> =
        firsts(60).into_iter().flat_map(|one| [(commit(&one.stream, 0), 0), (one, 0)]).collect();

    let told = append_all(&log, &pairs).await;
    let log = read(&server).await;
    for (pair, told) in pairs.chunks(2).zip(told.chunks(2)) {
        let won = usize::from(!log.contains_key(&pair[0].0.id));
        let winner = stored(told[won].clone());
        assert_eq!((winner.commit.id, winner.position), (pair[won].0.id, log[&pair[won].0.id]));
        let [first] = &overtaken(told[1 - won].clone())[..] else { panic!("by one alone") };
        assert_eq!((first.commit.id, first.position), (winner.commit.id, winner.position));
    }
    assert_eq!(log.len(), 60);
}
