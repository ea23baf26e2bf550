use annals_core::StreamId;
use bytes::Bytes;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::*;
use crate::append::{Outgoing, Published};

/// A line, and those in it who wait to be told.
#[derive(Default)]
struct Hall {
    line: Line,
    told: Vec<oneshot::Receiver<Result<Published, Unpublished>>>,
}

impl Hall {
    fn of(streams: impl IntoIterator<Item = u128>) -> Self {
        let mut hall = Self::default();
        hall.come(streams);
        hall
    }

    /// One for each stream joins the line.
    fn come(&mut self, streams: impl IntoIterator<Item = u128>) {
        for stream in streams {
            let stream = StreamId::new("jar", Uuid::from_u128(stream));
            let (waiting, told) = Waiting::new(Outgoing::to(&stream, Bytes::new()));
            self.line.join(waiting);
            self.told.push(told);
        }
    }

    /// How many go in the next departure.
    fn depart(&mut self) -> usize {
        match self.line.depart(Pace::ONE_NODE) {
            None => 0,
            Some(Departure::Alone(_)) => 1,
            Some(Departure::Together(members)) => members.len(),
        }
    }
}

#[test]
fn few_go_alone_and_not_all_at_once() {
    let mut hall = Hall::of(0..6);
    assert_eq!([(); 5].map(|()| hall.depart()), [1, 1, 1, 1, 0]);
    hall.line.landed_alone();
    assert_eq!(hall.depart(), 1);
}

#[test]
fn many_go_together_once_those_alone_have_landed() {
    let mut hall = Hall::of(0..3);
    assert_eq!([(); 4].map(|()| hall.depart()), [1, 1, 1, 0]);
    hall.come(3..30);
    assert_eq!(hall.depart(), 0);
    (0..3).for_each(|_| hall.line.landed_alone());
    assert_eq!(hall.depart(), 27);

    hall.come(30..60);
    assert_eq!(hall.depart(), 0, "nothing goes beside a batch");
    hall.line.landed_together(Vec::new());
    assert_eq!(hall.depart(), 30);
}

#[test]
fn of_one_stream_only_the_first_goes_with_the_others() {
    let mut hall = Hall::of((0..20).chain(0..20));
    assert_eq!(hall.depart(), 20);
    hall.line.landed_together(Vec::new());
    assert_eq!(hall.depart(), 20);
}

#[test]
fn a_batch_holds_no_more_than_the_server_takes() {
    let mut hall = Hall::of(0..1016);
    assert_eq!(hall.depart(), 1000);
    hall.line.landed_together(Vec::new());
    assert_eq!(hall.depart(), 16);
}

#[test]
fn who_comes_back_goes_first_and_alone_if_told_so() {
    let mut hall = Hall::of(0..20);
    let Some(Departure::Together(mut back)) = hall.line.depart(Pace::ONE_NODE) else {
        panic!("twenty go together")
    };
    hall.come(20..40);
    back.truncate(2);
    hall.line.landed_together(back.into_iter().map(Waiting::alone).collect());
    assert_eq!([(); 3].map(|()| hall.depart()), [1, 1, 0]);
    (0..2).for_each(|_| hall.line.landed_alone());
    assert_eq!(hall.depart(), 20);
}

#[test]
fn who_has_given_up_does_not_go() {
    let mut hall = Hall::of(0..40);
    hall.told.drain(0..10);
    hall.told.truncate(20);
    assert_eq!(hall.depart(), 20);

    let mut hall = Hall::of(0..3);
    hall.told.clear();
    assert_eq!(hall.depart(), 0);
    assert!(hall.line.is_idle());
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_too_long_is_told_so_and_does_not_go() {
    let mut hall = Hall::of(0..2);
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    hall.come(2..3);

    assert_eq!([(); 2].map(|()| hall.depart()), [1, 0]);

    for told in &mut hall.told[..2] {
        assert!(matches!(told.try_recv(), Ok(Err(Unpublished::Refused(_)))));
    }
}

#[test]
fn several_nodes_are_given_one_by_one_all_at_once() {
    let mut hall = Hall::of(0..100);
    for left in (0..100).rev() {
        assert!(matches!(hall.line.depart(Pace::REPLICATED), Some(Departure::Alone(_))));
        assert_eq!(hall.line.len(), left);
    }
}
