//! Commits for `.ci/power_cut`: appended before the power goes, and looked for when it is back.
//!
//! ```sh
//! power_cut server             # says where a nats-server is
//! power_cut write URL LEDGER   # appends until it is killed, and notes whatever is acknowledged
//! power_cut check URL LEDGER   # says as JSON what of that is in the log
//! ```

#[allow(dead_code, clippy::unwrap_used)] // it is made for tests, and each uses its part
#[path = "../tests/common/mod.rs"]
mod commits;

use std::{
    collections::HashMap,
    env,
    error::Error,
    fs::{self, File},
    io::Write,
    path::Path,
    sync::Arc,
};

use annals_nats::{Appended, JetStreamLog, Log, Nats, Scope, server};
use annals_testkit::Batches;
use serde_json::json;
use tokio::task::JoinSet;

/// Streams that are written to at the same time, so that large batches form.
const WRITERS: usize = 256;

/// A line for each acknowledged commit: its position, and its id.
type Ledger = Arc<File>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => println!("{}", server::find()?.display()),
        ["write", url, ledger] => write(&log_at(url).await?, Path::new(ledger)).await?,
        ["check", url, ledger] => check(url, Path::new(ledger)).await?,
        _ => return Err("power_cut server | write URL LEDGER | check URL LEDGER".into()),
    }
    Ok(())
}

async fn log_at(url: &str) -> Result<JetStreamLog, Box<dyn Error>> {
    let nats = Nats::connect(url, "power-cut").await?;
    nats.prepare().await?;
    Ok(nats.log())
}

async fn write(log: &JetStreamLog, ledger: &Path) -> Result<(), Box<dyn Error>> {
    let ledger = Arc::new(File::create_new(ledger)?);
    let writers = (0..WRITERS).map(|_| fill_a_stream(log.clone(), ledger.clone()));
    for ended in writers.collect::<JoinSet<_>>().join_all().await {
        ended?;
    }
    Ok(())
}

/// Appends one commit after the other, of up to three kilobytes each.
async fn fill_a_stream(log: JetStreamLog, ledger: Ledger) -> Result<(), String> {
    let (stream, mut end) = (commits::stream("thing"), 0);
    for version in 0.. {
        let data = json!({ "text": "x".repeat(usize::from(rand::random::<u16>()) % 3000) });
        let commit = commits::commit_of(&stream, version, &[data]);
        end = match log.append(&commit, end).await {
            Ok(Appended::Stored(stored)) => stored.position,
            other => return Err(format!("instead of being stored: {other:?}")),
        };
        // In one call, so that no line is cut when this process is killed.
        let line = format!("{end} {}\n", commit.id);
        (&*ledger).write_all(line.as_bytes()).map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn check(url: &str, ledger: &Path) -> Result<(), Box<dyn Error>> {
    let log = log_at(url).await?;
    let ledger = fs::read_to_string(ledger)?;
    let (mut found, mut unreadable, mut reached) = (HashMap::new(), None, 0);
    loop {
        match log.read(&Scope::All, reached, 1000).await {
            Ok(page) => {
                reached = page.reached;
                found.extend(
                    page.commits.iter().map(|stored| (stored.commit.id.to_string(), stored.position)),
                );
                if !page.more {
                    break;
                }
            }
            Err(error) => {
                unreadable = Some(error.to_string());
                break;
            }
        }
    }
    let is_found = |line: &&str| {
        let (position, id) = line.split_once(' ').unwrap_or_default();
        found.get(id).is_some_and(|found| found.to_string() == position)
    };
    let batches = Batches::read(url).await;
    let report = json!({
        "acknowledged": ledger.lines().count(),
        "lost": ledger.lines().filter(|line| !is_found(line)).count(),
        "stored": found.len(),
        "unreadable": unreadable,
        "batches": batches.as_ref().map_or(0, Batches::count),
        "largest": batches.as_ref().map_or(0, Batches::largest),
        "in_part": batches.as_ref().err(),
    });
    println!("{report}");
    Ok(())
}
