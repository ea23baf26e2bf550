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
