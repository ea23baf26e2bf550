use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use annals_core::CommitError;
use annals_nats::{Log, LogError, MemoryLog, Page};
use tokio::time::timeout;

use super::*;
use crate::{
    lamp::{self, Happened},
    log::{
        filter::Filter,
        live::{tail, telling::tests::seen},
    },
};

/// Longer than anything takes.
const LATE: Duration = Duration::from_secs(10);

/// A log that can go away, or turn out to be unreadable.
#[derive(Clone, Default)]
struct Moody {
    log: MemoryLog,
    /// Commits that it gives at once,
    most: usize,
    /// and has given so far.
    read: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
    unreadable: Arc<AtomicBool>,
}

impl Moody {
    fn mood(&self) -> Result<(), Problem> {
        if self.away.load(Ordering::Relaxed) {
            return Err(LogError::Unavailable("it is away".into()).into());
        }
        if self.unreadable.load(Ordering::Relaxed) {
            return Err(LogError::Commit(CommitError::Empty).into());
        }
        Ok(())
    }
}

impl Pages for Moody {
    async fn page(&self, scope: &Scope, after: Position, most: usize) -> Result<Page, Problem> {
        self.mood()?;
        let page = self.log.read(scope, after, most.min(self.most)).await?;
        self.read.fetch_add(page.commits.len(), Ordering::Relaxed);
        Ok(page)
    }

    async fn end(&self) -> Result<Position, Problem> {
        self.mood()?;
        Ok(self.log.last(&Scope::All).await?)
    }
}

/// A gateway without HTTP.
struct House {
    log: Moody,
    newest: watch::Sender<Arc<Stretch>>,
    closing: CancellationToken,
}

impl House {
    fn open() -> Self {
        Self::with_pages_of(3)
    }

    fn with_pages_of(most: usize) -> Self {
        let (log, newest) = (Moody { most, ..Moody::default() }, watch::Sender::default());
        tokio::spawn(tail::keep(log.clone(), newest.clone()));
        Self { log, newest, closing: CancellationToken::new() }
    }

    /// A lamp is lit twice by each commit.
    async fn record(&self, commits: usize) {
        let story: Vec<_> = (0..commits).map(|_| Happened::to(1, 2)).collect();
        lamp::record(&self.log.log, &story).await;
    }

    async fn follow(&self, after: Position, until: Position) -> Result<Client, Problem> {
        self.follow_in_silence(after, until, LATE).await
    }

    async fn follow_in_silence(
        &self,
        after: Position,
        until: Position,
        silence: Duration,
    ) -> Result<Client, Problem> {
        let telling = Telling::new(Filter::default(), after, until);
        let source = Source::new(self.log.clone(), self.newest.subscribe());
        let (first, follower) = Follower::begin(telling, source, silence, self.closing.clone()).await?;
        let mut client = Client { follower, resume: after, seen: Vec::new(), marks: 0 };
        client.take(first).await;
        Ok(client)
    }
}

/// Reads what it is sent.
struct Client {
    follower: Follower<Moody>,
    resume: Position,
    /// The positions of the events since the last resume point, and before.
    seen: Vec<Position>,
    marks: usize,
}

impl Client {
    async fn take(&mut self, events: Vec<Event>) {
        for (position, id) in seen(events).await {
            self.seen.extend(position);
            self.resume = id.unwrap_or(self.resume);
            self.marks += usize::from(position.is_none() && id.is_some());
        }
    }

    /// Whether there was something more.
    async fn reads(&mut self) -> bool {
        let next = timeout(LATE, self.follower.next()).await.expect("something is sent, or it ends");
        let goes_on = next.is_some();
        self.take(next.unwrap_or_default()).await;
        goes_on
    }

    async fn reads_up_to(&mut self, position: Position) {
        while self.resume < position {
            assert!(self.reads().await, "it goes on up to {position}");
        }
    }
}

/// Each commit has two events.
fn all_up_to(end: Position) -> Vec<Position> {
    (1..=end).flat_map(|position| [position, position]).collect()
}

const FOR_EVER: Position = Position::MAX;

#[tokio::test]
async fn a_follower_is_told_what_was_there_and_what_comes() {
    let house = House::open();
    house.record(10).await;
    let mut client = house.follow(0, FOR_EVER).await.unwrap();
    client.reads_up_to(10).await;
    for end in 11..20 {
        house.record(1).await;
        client.reads_up_to(end).await;
    }
    assert_eq!(client.seen, all_up_to(19));
}

#[tokio::test]
async fn who_comes_and_goes_and_is_slow_at_times_misses_nothing_and_sees_nothing_twice() {
    let house = House::open();
    let (mut resume, mut seen) = (0, Vec::new());
    for round in 0..40 {
        house.record(round % 7).await;
        let mut client = house.follow(resume, FOR_EVER).await.unwrap();
        house.record(round % 5).await;
        let end = house.log.end().await.unwrap();
        client.reads_up_to(if round % 3 == 0 { end } else { resume }).await;
        resume = client.resume;
        seen.extend(client.seen.into_iter().filter(|position| *position <= resume));
    }
    let mut client = house.follow(resume, FOR_EVER).await.unwrap();
    client.reads_up_to(house.log.end().await.unwrap()).await;
    seen.extend(client.seen);
    assert_eq!(seen, all_up_to(house.log.end().await.unwrap()));
}

#[tokio::test]
async fn a_stretch_that_was_missed_is_read_from_the_log() {
    let house = House::open();
    let (mut slow, mut quick) =
        (house.follow(0, FOR_EVER).await.unwrap(), house.follow(0, FOR_EVER).await.unwrap());
    for end in 1..5 {
        house.record(1).await;
        quick.reads_up_to(end).await;
    }
    slow.reads_up_to(4).await;
    assert_eq!((slow.seen, quick.seen), (all_up_to(4), all_up_to(4)));
}

#[tokio::test]
async fn large_commits_are_not_read_again_and_again() {
    let house = House::with_pages_of(100);
    let story: Vec<_> = (1..=20).map(|lamp| Happened::to(lamp, 900)).collect(); // two of them are told at once
    lamp::record(&house.log.log, &story).await;
    let mut client = house.follow(0, 20).await.unwrap();
    client.reads_up_to(20).await;
    assert_eq!(client.seen.len(), 20 * 900);
    let read = house.log.read.load(Ordering::Relaxed);
    assert!(read <= 60, "{read} commits were read");
}

#[tokio::test]
async fn a_silent_log_moves_the_resume_point_all_the_same() {
    let house = House::open();
    house.record(2).await;
    let silence = Duration::from_millis(1);
    let mut client = house.follow_in_silence(2, FOR_EVER, silence).await.unwrap();
    while client.marks < 2 {
        assert!(client.reads().await);
    }
    assert_eq!((client.seen, client.resume), (vec![], 2));
}

#[tokio::test]
async fn a_log_that_goes_away_and_comes_back_has_lost_nothing() {
    let house = House::open();
    house.record(2).await;
    let silence = Duration::from_millis(200);
    let mut client = house.follow_in_silence(0, FOR_EVER, silence).await.unwrap();
    client.reads_up_to(2).await;
    house.log.away.store(true, Ordering::Relaxed);
    assert!(house.follow(0, FOR_EVER).await.is_err_and(|problem| problem.code == Code::Unavailable));
    house.record(20).await;
    let marks = client.marks;
    while client.marks == marks {
        assert!(client.reads().await, "it stays connected");
    }
    house.log.away.store(false, Ordering::Relaxed);
    client.reads_up_to(22).await;
    assert_eq!(client.seen, all_up_to(22));
}

#[tokio::test]
async fn what_cannot_be_read_ends_it_and_is_told_to_who_comes_back() {
    let house = House::open();
    house.record(1).await;
    let mut client = house.follow(0, FOR_EVER).await.unwrap();
    client.reads_up_to(1).await;
    house.log.unreadable.store(true, Ordering::Relaxed);
    // All that the tail has not seen is read from the log.
    house.newest.send_replace(Arc::new(Stretch { after: 3, reached: 3, ..Stretch::default() }));
    assert!(!client.reads().await);
    let again = house.follow(client.resume, FOR_EVER).await;
    assert!(again.is_err_and(|problem| problem.code == Code::EventQuarantined));
}

#[tokio::test]
async fn it_ends_with_until_and_when_the_gateway_stops() {
    let house = House::open();
    house.record(3).await;
    let mut client = house.follow(0, 4).await.unwrap();
    client.reads_up_to(3).await;
    house.record(3).await;
    while client.reads().await {}
    assert_eq!((client.seen, client.resume), (all_up_to(4), 4));

    let mut client = house.follow(6, FOR_EVER).await.unwrap();
    house.closing.cancel();
    assert!(!client.reads().await);
}

#[tokio::test]
async fn while_nobody_follows_the_log_is_left_alone() {
    let house = House::open();
    let mut client = house.follow(0, FOR_EVER).await.unwrap();
    house.record(1).await;
    client.reads_up_to(1).await;
    drop(client);
    house.record(1).await;
    let mut newest = house.newest.subscribe();
    timeout(LATE, newest.changed()).await.expect("it is read for who comes").unwrap();
    assert_eq!(newest.borrow().reached, 2);
}
