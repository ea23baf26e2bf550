//! Files of views that are deleted, put back, damaged or locked.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
    process::Stdio,
};

use annals_core::bus::{Failure, ViewState};
use annals_testkit::eventually;
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
};

use crate::{
    fixtures::{House, Projector},
    things::catalog,
};

const FILE: &str = "things@1.db";
const PARTS: [&str; 3] = [FILE, "things@1.db-wal", "things@1.db-shm"];

async fn kept() -> (House, Projector) {
    let house = House::new().await;
    house.append_things(0..5).await;
    let projector = house.start(catalog());
    house.has_things(5).await;
    (house, projector)
}

#[tokio::test]
async fn a_stopped_projector_leaves_whole_files() {
    let (house, projector) = kept().await;
    assert!(house.file("things@1.db-wal").exists(), "else this test shows nothing");

    projector.stop().await;

    assert!(house.file(FILE).exists());
    assert!(!house.file("things@1.db-wal").exists());
}

#[tokio::test]
async fn a_file_that_is_deleted_while_the_projector_is_down_is_built_anew() {
    let (house, projector) = kept().await;
    projector.stop().await;
    fs::remove_file(house.file(FILE)).unwrap();

    let projector = house.start(catalog());

    house.has_things(5).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_file_that_is_deleted_under_a_running_view_is_built_anew() {
    let (house, projector) = kept().await;
    for part in PARTS {
        fs::remove_file(house.file(part)).unwrap();
    }
    // Also when nothing comes in.
    eventually("the file is there again", async || house.file(FILE).exists()).await;
    house.has_things(5).await;

    fs::remove_file(house.file(FILE)).unwrap();
    house.append_things(5..10).await;
    house.has_things(10).await;

    projector.stop().await;
    let projector = house.start(catalog());
    house.has_things(10).await;
    projector.stop().await;
}

#[tokio::test]
async fn an_earlier_copy_of_a_file_is_brought_up_to_date() {
    let (house, projector) = kept().await;
    for part in &PARTS[..2] {
        fs::copy(house.file(part), house.root.path().join(part)).unwrap();
    }
    house.append_things(5..10).await;
    house.has_things(10).await;
    projector.stop().await;
    for part in &PARTS[..2] {
        fs::copy(house.root.path().join(part), house.file(part)).unwrap();
    }

    let projector = house.start(catalog());

    house.has_things(10).await;
    projector.stop().await;
}

fn scribble_over(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
    file.write_all_at(&vec![0xa5; length], 0).unwrap();
}

#[tokio::test]
async fn a_file_that_is_damaged_while_the_projector_is_down_is_built_anew() {
    let (house, projector) = kept().await;
    projector.stop().await;
    scribble_over(&house.file(FILE));

    let projector = house.start(catalog());

    house.has_things(5).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_file_that_is_damaged_under_a_running_view_is_built_anew() {
    let (house, projector) = kept().await;
    projector.stop().await;
    let projector = house.start(catalog()); // so that nothing is in the journal
    house.is("things", ViewState::Live).await;
    scribble_over(&house.file(FILE));

    for number in 5..10 {
        house.append_things(number..number + 1).await; // what was read is remembered until something changes
    }

    house.has_things(10).await;
    projector.stop().await;
}

/// Another process that holds the file, until it is killed.
async fn lock(path: &Path) -> Child {
    let script = "import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute('begin immediate')
print('locked', flush=True)
sys.stdin.read()";
    let mut other = Command::new("python3")
        .args(["-c", script])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut says = [0; 6];
    other.stdout.as_mut().unwrap().read_exact(&mut says).await.unwrap();
    other
}

#[tokio::test]
async fn a_view_whose_file_is_locked_shows_what_it_has_and_goes_on_once_it_is_free() {
    let (house, projector) = kept().await;
    let mut other = lock(&house.file(FILE)).await;
    house.append_things(5..10).await;

    house.is("things", ViewState::Degraded).await;
    assert_eq!(projector.ready().await.1["degraded"], serde_json::json!(["things"]));
    assert_eq!(house.rows("things", None).await.unwrap().len(), 5);
    let failure = house.rows("things", Some(10)).await.unwrap_err();
    assert!(matches!(&failure, Failure::Unavailable { detail } if detail.contains("locked")), "{failure:?}");
    assert!(house.rows("people", Some(10)).await.unwrap().is_empty(), "the others live");

    other.kill().await.unwrap();
    house.has_things(10).await;
    house.is("things", ViewState::Live).await;
    projector.stop().await;
}

#[tokio::test]
async fn a_view_whose_file_is_locked_at_the_start_stops_no_other() {
    let (house, projector) = kept().await;
    projector.stop().await;
    fs::remove_file(house.file(FILE)).unwrap();
    fs::create_dir(house.file(FILE)).unwrap(); // nothing can be opened there

    let projector = house.start(catalog());
    house.is("things", ViewState::Degraded).await;
    house.is("people", ViewState::Live).await;
    assert_eq!(projector.ready().await.0, 200);
    let failure = house.rows("things", None).await.unwrap_err();
    assert!(matches!(failure, Failure::Unavailable { .. }), "{failure:?}");

    fs::remove_dir(house.file(FILE)).unwrap();
    house.has_things(5).await;
    projector.stop().await;
}
