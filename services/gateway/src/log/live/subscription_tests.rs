use annals_core::{Address, index::EventFilter, log::MemoryLog};
use tokio::time::timeout;

use super::*;
use crate::{
    lamp::{self, Happened},
    log::{
        live::cursor::tests::seen,
        memory_index::{MemoryIndex, MemoryReader},
    },
};

/// Longer than anything takes.
const LATE: Duration = Duration::from_secs(10);

/// A gateway without HTTP.
struct House {
    log: MemoryLog,
    reader: MemoryReader,
    index: MemoryIndex,
    closing: CancellationToken,
}

impl House {
    fn open() -> Self {
        let log = lamp::log();
        let index = MemoryIndex::new(log.clone());
        let reader = LogReader::new(log.clone(), index.clone(), "test".into(), 4);
        Self { log, reader, index, closing: CancellationToken::new() }
    }

    /// Each entry has two commits: a lamp is lit twice, and another one once.
    async fn record(&self, entries: usize) {
        for _ in 0..entries {
            lamp::record(&self.log, &[Happened::to(1, 2), Happened::to(2, 1)]).await;
        }
    }

    async fn subscribe(&self, after: &str, until: Option<Position>) -> Result<Client, Problem> {
        self.subscribe_in_silence(after, until, LATE).await
    }

    async fn subscribe_in_silence(
        &self,
        after: &str,
        until: Option<Position>,
        silence: Duration,
    ) -> Result<Client, Problem> {
        let cursor = Cursor::new(EventFilter::default(), after.parse().unwrap(), until);
        let (reader, end) = (self.reader.clone(), self.reader.end().await.unwrap());
        let (first, subscription) =
            Subscription::begin(reader, cursor, end, silence, self.closing.clone()).await?;
        let mut client = Client { subscription, resume: after.parse().unwrap(), seen: Vec::new(), marks: 0 };
        client.take(first).await;
        Ok(client)
    }
}

/// Reads what it is sent.
struct Client {
    subscription: Subscription<MemoryLog, MemoryIndex>,
    resume: Address,
    seen: Vec<String>,
    marks: usize,
}

impl Client {
    async fn take(&mut self, events: Vec<Event>) {
        for (is_event, id) in seen(events).await {
            self.resume = id.parse().unwrap();
            if is_event {
                self.seen.push(id);
            } else {
                self.marks += 1;
            }
        }
    }

    /// Whether there was something more.
    async fn reads(&mut self) -> bool {
        let next = timeout(LATE, self.subscription.next()).await.expect("something is sent, or it ends");
        let goes_on = next.is_some();
        self.take(next.unwrap_or_default()).await;
        goes_on
    }

    async fn reads_up_to(&mut self, position: Position) {
        while self.resume < Address::new(position, 2) {
            assert!(self.reads().await, "it goes on up to {position}");
        }
    }
}

fn all_up_to(end: Position) -> Vec<String> {
    (1..=end).flat_map(|position| (0..3).map(move |place| format!("{position}.{place}"))).collect()
}

#[tokio::test]
async fn a_client_gets_what_was_there_and_what_comes() {
    let house = House::open();
    house.record(10).await;
    let mut client = house.subscribe("0", None).await.unwrap();
    client.reads_up_to(10).await;
    for end in 11..20 {
        house.record(1).await;
        client.reads_up_to(end).await;
    }
    assert_eq!(client.seen, all_up_to(19));
}

#[tokio::test]
async fn clients_that_come_and_go_miss_nothing_and_see_nothing_twice() {
    let house = House::open();
    let (mut resume, mut seen) = ("0".to_owned(), Vec::new());
    for round in 0..40 {
        house.record(round % 7).await;
        let mut client = house.subscribe(&resume, None).await.unwrap();
        house.record(round % 5).await;
        if round % 3 == 0 {
            client.reads_up_to(house.log.end().await.unwrap()).await;
        }
        resume = client.resume.to_string();
        seen.extend(client.seen);
    }
    let mut client = house.subscribe(&resume, None).await.unwrap();
    let end = house.log.end().await.unwrap();
    client.reads_up_to(end).await;
    seen.extend(client.seen);
    assert_eq!(seen, all_up_to(end));
}

#[tokio::test]
async fn a_client_that_is_slow_reads_what_it_missed() {
    let house = House::open();
    let mut slow = house.subscribe("0", None).await.unwrap();
    let mut quick = house.subscribe("0", None).await.unwrap();
    for end in 1..5 {
        house.record(1).await;
        quick.reads_up_to(end).await;
    }
    slow.reads_up_to(4).await;
    assert_eq!((slow.seen, quick.seen), (all_up_to(4), all_up_to(4)));
}

#[tokio::test]
async fn a_client_that_is_too_slow_for_the_memory_reads_through_the_index_again() {
    let house = House::open();
    let mut slow = house.subscribe("0", None).await.unwrap();
    let mut quick = house.subscribe("0", None).await.unwrap();
    house.record(1).await;
    slow.reads_up_to(1).await;
    quick.reads_up_to(1).await;
    for _ in 0..20_000 {
        house.log.publish("events.other", &[], "[]"); // more than memory holds
    }
    house.record(1).await;
    quick.reads_up_to(20_002).await;

    assert!(slow.reads().await);
    assert!(matches!(slow.subscription.source, Source::Index(_)));
    house.record(1).await;
    slow.reads_up_to(20_003).await;
    assert!(matches!(slow.subscription.source, Source::Tail(_)));
    let wanted = [1, 20_002, 20_003].map(|position| (0..3).map(move |place| format!("{position}.{place}")));
    assert_eq!(slow.seen, wanted.into_iter().flatten().collect::<Vec<_>>());
}

#[tokio::test]
async fn much_is_sent_in_parts_and_across_pages_of_the_index() {
    let house = House::open();
    for lamp in 1..=4 {
        lamp::record(&house.log, &[Happened::to(lamp, 900)]).await;
    }
    let mut client = house.subscribe("0", Some(4)).await.unwrap();
    assert!(client.seen.len() < 1800, "{}", client.seen.len());
    while client.reads().await {}
    assert_eq!((client.seen.len(), client.resume), (3600, Address::whole(4)));
}

#[tokio::test]
async fn a_silent_log_moves_the_resume_point_all_the_same() {
    let house = House::open();
    house.record(2).await;
    let silence = Duration::from_millis(1);
    let mut client = house.subscribe_in_silence("2.1", None, silence).await.unwrap();
    while client.marks < 2 {
        assert!(client.reads().await);
    }
    assert_eq!((client.seen, client.resume), (vec!["2.2".into()], Address::whole(2)));
}

#[tokio::test]
async fn foreign_messages_hold_nothing_up() {
    let house = House::open();
    house.log.publish("events.main", &[], "garbage");
    let mut client = house.subscribe("0", None).await.unwrap();
    house.record(1).await;
    house.log.publish("events.other", &[], "[]");
    house.record(1).await;
    client.reads_up_to(4).await;
    assert_eq!(client.seen, ["2.0", "2.1", "2.2", "4.0", "4.1", "4.2"]);
}

#[tokio::test]
async fn while_the_index_is_away_clients_at_the_tail_go_on() {
    let house = House::open();
    lamp::record(&house.log, &[Happened::to(1, 600)]).await; // more than the index shows at once
    let mut behind = house.subscribe("0", None).await.unwrap();
    let mut at_the_tail = house.subscribe("1", None).await.unwrap();
    house.index.set_away(true);
    let refused = house.subscribe("0", None).await;
    assert!(refused.is_err_and(|problem| problem.code == Code::Unavailable));
    house.record(1).await;
    at_the_tail.reads_up_to(2).await;
    assert_eq!(at_the_tail.seen, ["2.0", "2.1", "2.2"]);
    house.index.set_away(false);
    behind.reads_up_to(2).await;
    assert_eq!(behind.seen.len(), 603);
}

#[tokio::test]
async fn an_index_that_is_behind_is_no_beginning() {
    let house = House::open();
    house.record(3).await;
    house.index.stop_at(2);
    let refused = house.subscribe("0", None).await;
    assert!(refused.is_err_and(|problem| problem.code == Code::ProjectionBehind));
}

#[tokio::test]
async fn what_cannot_be_read_ends_the_stream() {
    let house = House::open();
    house.record(1).await;
    let mut client = house.subscribe("0", None).await.unwrap();
    client.reads_up_to(1).await;
    let head = annals_core::log::Head {
        position: 1,
        hash: house.log.get(1).await.unwrap().unwrap().header("Annals-Hash").unwrap().parse().unwrap(),
    };
    house.log.publish("events.main", &[("Annals-Entry", "2"), ("Annals-Previous", &head.to_string())], "?");
    assert!(!client.reads().await);
}

#[tokio::test]
async fn it_ends_with_until_and_when_the_gateway_stops() {
    let house = House::open();
    house.record(6).await;
    let mut client = house.subscribe("0", Some(4)).await.unwrap();
    while client.reads().await {}
    assert_eq!((client.seen, client.resume), (all_up_to(4), Address::whole(4)));

    let mut client = house.subscribe("6", None).await.unwrap();
    house.closing.cancel();
    assert!(!client.reads().await);
}
