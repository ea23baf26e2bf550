//! A server that is killed while an entry is on its way.

use annals_core::log::{AppendError, Draft, EntryBody, Head, Log, suite};
use annals_nats::Nats;
use annals_testkit::{Acknowledgements, Entries, Moment, Proxy, eventually, nats};
use futures_util::future::join;
use uuid::Uuid;

/// Enough for several packets.
const COMMITS: usize = 200;

fn draft(previous: Head) -> Draft {
    let mut body = EntryBody::new();
    for _ in 0..COMMITS {
        body.push(&[suite::commit(&suite::stream(), 0)]).unwrap().unwrap();
    }
    Draft::new(Uuid::new_v4(), previous, body)
}

/// Sends it again until the log tells what became of it.
async fn store(log: &impl Log, draft: &Draft) -> Head {
    let position = eventually("the log tells", async || {
        let _ = log.append(draft, draft.previous.position).await; // whatever is said, what was stored can be read
        let found = log.read(draft.previous.position, 1).await.ok()?;
        found.first().filter(|message| message.is(draft)).map(|message| message.position)
    });
    draft.head(position.await)
}

#[tokio::test]
async fn whenever_the_server_is_killed_an_entry_is_there_once_and_whole() {
    let mut server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let nats = Nats::connect(&proxy.url(), "interrupted").await.unwrap();
    let log = nats.log(nats.prepare().await.unwrap());
    let mut head = Head::start(log.id());
    for moment in Moment::ALL {
        let draft = draft(head);
        let kill = async {
            let stopped = proxy.hold(moment).await;
            assert_eq!(stopped.commits(), COMMITS as u64);
            server.kill().await;
            stopped.cut();
            server.restart().await;
        };
        let (answer, ()) = join(log.append(&draft, head.position), kill).await;
        let is_known = matches!(answer, Ok(position) if position == head.position + 1);
        assert_eq!(is_known, moment == Moment::AfterAcknowledgement, "{moment:?}: {answer:?}");
        assert!(is_known || matches!(answer, Err(AppendError::Unknown(_))), "{moment:?}: {answer:?}");

        let found = eventually("the server answers", async || log.read(head.position, 10).await.ok()).await;
        let is_stored = matches!(&found[..], [message] if message.is(&draft));
        match moment {
            Moment::BeforePublish => assert!(found.is_empty(), "{found:?}"),
            Moment::AfterPublish => assert!(found.is_empty() || is_stored, "{found:?}"),
            Moment::BeforeAcknowledgement | Moment::AfterAcknowledgement => assert!(is_stored, "{moment:?}"),
        }
        head = store(&log, &draft).await;
    }
    let entries = Entries::read(&server.url()).await.unwrap();
    assert_eq!((entries.count(), entries.largest()), (Moment::ALL.len() as u64, COMMITS as u64));
}

#[tokio::test]
async fn an_acknowledgement_that_gets_lost_leaves_the_outcome_open() {
    let server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let nats = Nats::connect(&proxy.url(), "interrupted").await.unwrap();
    let log = nats.log(nats.prepare().await.unwrap());
    let first = draft(Head::start(log.id()));
    proxy.acknowledgements(Acknowledgements::CutTheConnection);
    let answer = log.append(&first, 0).await;
    assert!(matches!(answer, Err(AppendError::Unknown(_))), "{answer:?}");
    assert_eq!(proxy.lost(), 1);
    let head = store(&log, &first).await;
    store(&log, &draft(head)).await;
    assert_eq!(Entries::read(&server.url()).await.unwrap().count(), 2);
}
