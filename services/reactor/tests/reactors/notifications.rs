//! Notifications leave at least once, always with the same id, and a repeat says that it is one.

use std::time::Duration;

use annals_core::{StoredCommit, StreamId};
use annals_testkit::{eventually, raw};

use crate::world::{Instance, World};

async fn history(world: &World, notification: &StreamId) -> Vec<StoredCommit> {
    let mut commits = world.commits().await;
    commits.retain(|stored| stored.commit.stream == *notification);
    commits
}

#[tokio::test]
async fn every_cause_is_one_mail() {
    let world = World::new().await;
    let instances = [world.start(&["teller", "delivery"]), world.start(&["teller", "delivery"])];
    world.ring(20).await;
    world.each_once(10, "notification", "NotificationSent", 20).await;
    world.idle("delivery").await;

    let mails: Vec<_> = instances.iter().flat_map(Instance::mails).collect();
    assert_eq!(mails.len(), 20);
    assert!(!mails.iter().any(|mail| mail.contains("again")), "{mails:?}");
    for instance in instances {
        instance.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_be_delivered_is_tried_six_times_and_abandoned() {
    let world = World::new().await;
    let instance = world.start(&["delivery"]);
    let notification = world.notify("pigeon").await;
    let sent = world.notify("log").await;

    world.each_once(10, "notification", "NotificationAbandoned", 1).await;
    world.each_once(1, "notification", "NotificationSent", 1).await;
    let history = history(&world, &notification).await;
    let kinds: Vec<_> = history.iter().map(|it| it.commit.events[0].kind.as_str()).collect();
    assert_eq!(kinds[0], "NotificationRequested");
    assert_eq!(kinds[1..7], ["NotificationFailed"; 6]);
    assert_eq!(kinds[7..], ["NotificationAbandoned"]);
    for (attempt, pair) in (0..).zip(history[1..7].windows(2)) {
        let passed = pair[1].commit.recorded_at.duration_since(pair[0].commit.recorded_at);
        let pause = Duration::from_millis(10) * 4_u32.pow(attempt);
        assert!(passed.unsigned_abs() >= pause, "after attempt {}: {passed:?}", attempt + 1);
    }
    assert!(!instance.mails().iter().any(|mail| mail.contains("again")), "no outcome is unknown");
    assert!(instance.mails()[0].contains(&sent.id.to_string()));
    instance.stop().await;
}

#[tokio::test]
async fn a_mail_that_may_have_been_sent_before_says_so() {
    let world = World::new().await;
    world.commands.hold(Some("record-sent"));
    let first = world.start(&["delivery"]);
    let notification = world.notify("log").await;
    eventually("it is sent", async || world.commands.received() == 1).await;
    assert_eq!(first.mails().len(), 1);
    assert!(!first.mails()[0].contains("again"));

    first.kill().await; // its command is held back, and so is the outcome
    let second = world.start(&["delivery"]);
    eventually("it is sent again", async || !second.mails().is_empty()).await;
    world.commands.hold(None);
    world.each_once(10, "notification", "NotificationSent", 1).await;
    world.idle("delivery").await;

    let [mail] = &second.mails()[..] else { panic!("{:?}", second.mails()) };
    assert!(mail.contains("again=true") && mail.contains(&notification.id.to_string()), "{mail}");
    second.stop().await;
}

#[tokio::test]
async fn a_sent_mail_is_not_sent_again_when_the_reactor_begins_anew() {
    let world = World::new().await;
    let instance = world.start(&["delivery"]);
    world.notify("log").await;
    world.notify("pigeon").await;
    world.each_once(10, "notification", "NotificationSent", 1).await;
    world.each_once(10, "notification", "NotificationAbandoned", 1).await;
    world.idle("delivery").await;
    instance.stop().await;
    let end = world.end().await;
    raw(&world.server.url(), "$KV.reactors.checkpoint.delivery", "").await;

    let instance = world.start(&["delivery"]);
    eventually("it is through", async || world.status("delivery", Some(end), 1000).await.is_ok()).await;
    assert!(instance.mails().is_empty(), "{:?}", instance.mails());
    assert_eq!(world.end().await, end);
    instance.stop().await;
}
