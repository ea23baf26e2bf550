use tokio::task::yield_now;

use super::*;

fn jar(id: u128) -> Key {
    Key::new("jar", Uuid::from_u128(id))
}

async fn why_not(lanes: &Lanes, key: Key, command: u128) -> Failure {
    lanes.enter(key, Uuid::from_u128(command)).await.err().expect("the lane is taken")
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_why() {
    let lanes = Lanes::new(0);
    let first = lanes.enter(jar(1), Uuid::from_u128(1)).await;

    let (second, its_repeat, repeat) =
        tokio::join!(why_not(&lanes, jar(1), 2), why_not(&lanes, jar(1), 2), why_not(&lanes, jar(1), 1));
    assert!(matches!(second, Failure::Unavailable { .. }), "{second:?}");
    assert_eq!((its_repeat, repeat), (Failure::CommandInFlight, Failure::CommandInFlight));

    drop(first);
    assert!(lanes.enter(jar(1), Uuid::from_u128(1)).await.is_ok(), "nobody is left in the lane");
}

#[tokio::test(start_paused = true)]
async fn lanes_do_not_wait_for_each_other() {
    let lanes = Lanes::new(0);
    let _first = lanes.enter(jar(1), Uuid::from_u128(1)).await;
    assert!(lanes.enter(jar(2), Uuid::from_u128(1)).await.is_ok());
}

/// An aggregate that the pass over the log has folded.
fn tentative() -> Aggregate {
    let mut aggregate = loaded();
    aggregate.tentative = true;
    aggregate
}

fn loaded() -> Aggregate {
    Aggregate::blank(annals_domains::catalog().category("account").unwrap())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_pass_does_not_get_what_it_leaves_before_it_has_ended() {
    let lanes = Lanes::new(1 << 20);
    let mut pass = lanes.enter_empty(jar(1)).unwrap();
    *pass.aggregate = Some(tentative());
    let left = async {
        yield_now().await; // the command is in the lane
        drop(pass);
    };
    let (command, ()) = tokio::join!(lanes.enter(jar(1), Uuid::from_u128(1)), left);
    let mut command = command.unwrap();
    assert!(command.aggregate.is_none());

    // What it loads instead is there for the next one, also before the pass has ended.
    *command.aggregate = Some(loaded());
    drop(command);
    assert!(lanes.enter(jar(1), Uuid::from_u128(2)).await.unwrap().aggregate.is_some());
}

#[tokio::test]
async fn what_the_pass_leaves_is_used_once_it_has_ended_and_gone_once_it_has_failed() {
    for ended in [true, false] {
        let lanes = Lanes::new(1 << 20);
        *lanes.enter_empty(jar(1)).unwrap().aggregate = Some(tentative());
        *lanes.enter_empty(jar(2)).unwrap().aggregate = Some(loaded());
        if ended {
            lanes.warmed();
        } else {
            lanes.not_warmed();
        }
        assert_eq!(lanes.fill().aggregates, if ended { 2 } else { 1 });
        let command = lanes.enter(jar(1), Uuid::from_u128(1)).await.unwrap();
        assert_eq!(command.aggregate.is_some(), ended);
        let command = lanes.enter(jar(2), Uuid::from_u128(1)).await.unwrap();
        assert!(command.aggregate.is_some());
    }
}

#[test]
fn one_for_which_there_is_no_room_at_all_does_not_put_out_the_others() {
    let lanes = Lanes::new(1 << 16);
    for id in 1..=5 {
        *lanes.enter_empty(jar(id)).unwrap().aggregate = Some(loaded());
    }
    let mut large = loaded();
    large.recent.reserve_exact(1 << 16);
    *lanes.enter_empty(jar(6)).unwrap().aggregate = Some(large);
    assert_eq!(lanes.fill().aggregates, 5);
}
