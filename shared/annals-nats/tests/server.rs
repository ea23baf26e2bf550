//! A nats-server as a child process: started, killed, left behind, kept running.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{fs, time::Duration};

use annals_nats::server::{
    NatsServer, Options, ServerVersion, StartError,
    monitor::{Durability, vitals},
    stop_left_behind, supervise,
};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A server of the test's own. The first field is dropped first.
async fn start() -> (NatsServer, TempDir) {
    let folder = TempDir::new().unwrap();
    let server = NatsServer::start(Options::new(folder.path().join("nats"))).await.unwrap();
    (server, folder)
}

async fn name_of(url: &str) -> Option<String> {
    Some(async_nats::connect(url).await.ok()?.server_info().server_name.clone())
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

fn runs(pid: u32) -> bool {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

#[tokio::test]
async fn a_started_server_answers_and_has_on_disk_what_it_acknowledges() {
    let (server, _folder) = start().await;

    assert!(name_of(&server.url()).await.unwrap().starts_with("annals-"));
    let vitals = vitals(&server.monitor_url()).await.unwrap();
    assert_eq!(vitals.durability, Durability::Always);
    assert!(vitals.version >= ServerVersion::OLDEST);
    assert_eq!(vitals.max_payload, 1024 * 1024);
}

#[tokio::test]
async fn nobody_answers_where_no_server_is() {
    let (server, _folder) = start().await;
    let monitor_url = server.monitor_url();
    server.stop().await;

    let error = vitals(&monitor_url).await.unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{monitor_url}/varz does not answer as a nats-server does: ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_killed_server_starts_again_on_the_same_ports() {
    let (mut server, _folder) = start().await;
    let (url, monitor_url) = (server.url(), server.monitor_url());

    server.kill().await;
    assert_eq!(name_of(&url).await, None);

    let again = NatsServer::start(server.options().clone()).await.unwrap();
    assert_eq!((again.url(), again.monitor_url()), (url.clone(), monitor_url));
    assert!(name_of(&url).await.is_some());
}

#[tokio::test]
async fn two_stores_are_two_servers() {
    let ((one, _folder), (other, _other_folder)) = tokio::join!(start(), start());
    assert_ne!(one.url(), other.url());
    assert_ne!(name_of(&one.url()).await.unwrap(), name_of(&other.url()).await.unwrap());
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_shows_the_log() {
    let (server, folder) = start().await;

    let taken = Options { port: Some(server.port()), ..Options::new(folder.path().join("other")) };
    let error = NatsServer::start(taken).await.unwrap_err();
    assert!(matches!(error, StartError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("address already in use"), "{error}");
}

#[tokio::test]
async fn a_server_left_by_a_killed_parent_is_stopped_before_another_has_its_store() {
    let (left, _folder) = start().await;
    let options = left.options().clone();
    let pid = left.pid();
    std::mem::forget(left); // a killed parent drops nothing

    let server = NatsServer::start(options).await.unwrap();
    assert_ne!(server.pid(), pid);
    assert_eq!(
        fs::read_to_string(server.options().store_dir.with_added_extension("pid")).unwrap().split(' ').next(),
        Some(server.pid().to_string().as_str())
    );
    assert!(name_of(&server.url()).await.is_some());
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let (server, _folder) = start().await;
    let pid = server.pid();
    drop(server);
    assert!(!runs(pid));
}

#[tokio::test]
async fn a_stopped_server_is_gone_and_nothing_is_left_to_stop() {
    let (server, _folder) = start().await;
    let (pid, store_dir) = (server.pid(), server.options().store_dir.clone());
    server.stop().await;
    assert!(!runs(pid));
    assert!(!store_dir.with_added_extension("pid").exists());
    stop_left_behind(&store_dir).unwrap();
}

#[tokio::test]
async fn a_supervised_server_comes_back_after_a_crash_and_ends_with_the_shutdown() {
    let (server, _folder) = start().await;
    let (url, pid) = (server.url(), server.pid());
    let first = name_of(&url).await;
    let shutdown = CancellationToken::new();
    let supervisor = tokio::spawn(supervise(server, shutdown.clone()));

    kill(pid);
    timeout(Duration::from_secs(10), async {
        let mut every = tokio::time::interval(Duration::from_millis(10));
        while name_of(&url).await.is_none_or(|name| Some(name) == first) {
            every.tick().await;
        }
    })
    .await
    .unwrap();

    shutdown.cancel();
    timeout(Duration::from_secs(10), supervisor).await.unwrap().unwrap();
    assert_eq!(name_of(&url).await, None);
}
