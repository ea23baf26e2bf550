//! Two writers on the same streams, each over a connection of its own.

use annals_core::StreamId;
use annals_nats::Log;
use annals_testkit::Moment;
use futures_util::future::join;

use crate::{
    append_all, append_firsts, behind_a_proxy,
    commits::{commit, stream},
    firsts, log_at, overtaken, read, stored,
};

#[tokio::test]
async fn who_gets_ahead_of_a_batch_overtakes_its_own_stream_and_no_other() {
    let (server, proxy, log) = behind_a_proxy().await;
    let direct = log_at(&server.url()).await;
    let commits = firsts(64);
    let get_ahead = async {
        let held = proxy.hold(Moment::BeforeCommit).await;
        let of_some = held.subjects().iter().step_by(20).map(|subject| {
            let id = subject.strip_prefix("events.thing.").unwrap().parse().unwrap();
            (commit(&StreamId::new("thing", id), 0), 0)
        });
        let quicker: Vec<_> = of_some.collect();
        let told = append_all(&direct, &quicker).await;
        held.release();
        told.into_iter().map(stored).collect::<Vec<_>>()
    };
    let (told, quicker) = join(append_firsts(&log, &commits), get_ahead).await;

    assert!(quicker.len() > 1);
    let log = read(&server).await;
    for (commit, told) in commits.iter().zip(told) {
        match quicker.iter().find(|other| other.commit.stream == commit.stream) {
            Some(other) => {
                let by: Vec<_> = overtaken(told).iter().map(|it| it.commit.id).collect();
                assert_eq!(by, [other.commit.id]);
            }
            None => assert_eq!(stored(told).position, log[&commit.id]),
        }
    }
    assert_eq!(log.len(), 64, "one for each stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_compete_for_every_stream_one_wins_each_time_and_the_other_is_told() {
    let (server, _proxy, one) = behind_a_proxy().await;
    let other = log_at(&server.url()).await;
    let streams: Vec<_> = (0..100).map(|_| stream("thing")).collect();
    let mut ends = vec![0; streams.len()];
    for version in 0..5 {
        let [ours, theirs] = [(); 2].map(|()| {
            let commits = streams.iter().zip(&ends).map(|(stream, end)| (commit(stream, version), *end));
            commits.collect::<Vec<_>>()
        });
        let told = join(append_all(&one, &ours), append_all(&other, &theirs)).await;
        for (place, (ours, theirs)) in told.0.into_iter().zip(told.1).enumerate() {
            let last = one.read_latest(&streams[place], ends[place]).await.unwrap();
            let [last] = &last[..] else { panic!("one of the two, instead of {last:?}") };
            let (winner, loser) = match ours {
                Ok(annals_nats::Appended::Stored(_)) => (ours, theirs),
                _ => (theirs, ours),
            };
            assert_eq!(stored(winner).commit.id, last.commit.id);
            assert_eq!(overtaken(loser)[0].commit.id, last.commit.id);
            ends[place] = last.position;
        }
    }
    assert_eq!(read(&server).await.len(), 500);
}
