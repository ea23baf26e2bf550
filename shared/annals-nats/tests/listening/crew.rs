//! Those who work on what a listener gives.

use annals_core::{Position, Start};
use annals_nats::{Crew, Log, Nats, Wake};
use annals_testkit::eventually;
use serde_json::json;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    DURABLE, append,
    common::{commit_of, stream},
    connected, listen, settle,
};

/// So many hands has each crew.
const HANDS: usize = 2;

/// So many that concern nobody come first: the pull that finds those that do has asked for more than hands.
const QUIET: u64 = 300;

fn crew() -> Crew {
    Crew::new("things", HANDS, |_| (), CancellationToken::new())
}

async fn all_are_settled(nats: &Nats) {
    eventually("all are settled", async || nats.outstanding(DURABLE).await.is_ok_and(|it| it == 0)).await;
}

/// What a crew deals with, and how often it had been delivered, until all of `count` are settled.
async fn dealt_with(count: usize, concerns: impl Fn(Position) -> bool) -> Vec<(Position, u64)> {
    let (_server, nats) = connected().await;
    append(&nats, count).await;
    let listener = listen(&nats, Start::Beginning).await;
    let mut crew = crew();
    let (note, mut noted) = mpsc::unbounded_channel();

    let work = crew.work(
        &listener,
        |delivery| concerns(delivery.position),
        |wake| {
            note.send((wake.delivery.position, wake.delivery.times)).unwrap();
            wake.settle()
        },
    );
    tokio::select! { ended = work => panic!("{ended:?}"), () = all_are_settled(&nats) => {} }

    let mut dealt_with: Vec<_> = std::iter::from_fn(|| noted.try_recv().ok()).collect();
    dealt_with.sort_unstable();
    dealt_with
}

fn positions(dealt_with: &[(Position, u64)]) -> Vec<Position> {
    dealt_with.iter().map(|(position, _)| *position).collect()
}

#[tokio::test]
async fn what_concerns_nobody_is_settled_by_the_way() {
    let dealt_with = dealt_with(100, |position| position == 7).await;
    assert_eq!(positions(&dealt_with), [7]);
}

#[tokio::test]
async fn what_comes_after_a_quiet_time_is_dealt_with_once() {
    let dealt_with = dealt_with(400, |position| position > QUIET).await;
    assert_eq!(positions(&dealt_with), (QUIET + 1..=400).collect::<Vec<_>>());
    assert!(dealt_with.iter().any(|(_, times)| *times > 1), "there were not too many to be given back");
}

#[tokio::test]
async fn what_nobody_has_a_hand_for_comes_to_others_at_once() {
    let (_server, nats) = connected().await;
    append(&nats, 310).await;
    let (one, other) = (listen(&nats, Start::Beginning).await, listen(&nats, Start::Beginning).await);
    let mut crew = crew();

    let busy = crew.work(
        &one,
        |delivery| delivery.position > QUIET,
        |wake| async move { wake.working(std::future::pending()).await },
    );
    let others = async {
        eventually("all have been delivered", async || {
            let now = other.standing().await.unwrap();
            now.floor == QUIET && now.waiting == 0
        })
        .await;
        let begun = Instant::now();
        (settle(&other, 8).await, begun.elapsed())
    };
    tokio::select! {
        ended = busy => panic!("{ended:?}"),
        (seen, took) = others => {
            assert_eq!(seen, (QUIET + 3..=310).collect::<Vec<_>>());
            assert!(took < Wake::PATIENCE, "nobody waits until the server takes them back");
        }
    }
}

#[tokio::test]
async fn large_messages_come_a_few_at_a_time() {
    let (_server, nats) = connected().await;
    let large = json!({ "text": "x".repeat(700 * 1024) });
    append(&nats, 10).await;
    for _ in 0..30 {
        nats.log().append(&commit_of(&stream("thing"), 0, std::slice::from_ref(&large)), 0).await.unwrap();
    }
    let listener = listen(&nats, Start::Beginning).await;
    let mut crew = crew();

    let work = crew.work(&listener, |_| false, |wake: Wake| wake.settle());
    tokio::select! { ended = work => panic!("{ended:?}"), () = all_are_settled(&nats) => {} }
}

#[tokio::test]
async fn hands_that_were_freed_meanwhile_are_used() {
    let (_server, nats) = connected().await;
    append(&nats, 300).await;
    let listener = listen(&nats, Start::Beginning).await;
    let mut crew = crew();
    let (note, mut dealt_with) = mpsc::unbounded_channel();

    let work = crew.work(
        &listener,
        |delivery| delivery.position > QUIET,
        |wake| {
            let note = note.clone();
            async move {
                let (position, times) = (wake.delivery.position, wake.delivery.times);
                wake.settle().await;
                note.send((position, times)).unwrap();
            }
        },
    );
    let one_after_the_other = async {
        all_are_settled(&nats).await;
        let mut seen: Vec<(Position, u64)> = Vec::new();
        for _ in 0..3 * HANDS {
            append(&nats, 1).await;
            seen.push(dealt_with.recv().await.unwrap());
        }
        seen
    };
    tokio::select! {
        ended = work => panic!("{ended:?}"),
        seen = one_after_the_other => assert!(seen.iter().all(|(_, times)| *times == 1), "given back: {seen:?}"),
    }
}
