//! Entries for `.ci/power_cut`: appended before the power goes, and looked for when it is back.
//!
//! ```sh
//! power_cut server             # says where a nats-server is
//! power_cut write URL LEDGER   # appends until it is killed, and notes each acknowledged commit
//! power_cut check URL LEDGER   # says as JSON what of that is in the log
//! ```

use std::{
    collections::HashSet,
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use annals_core::{
    Position,
    log::{Draft, EntryBody, EntryReader, Head, Log, ReadError, suite},
};
use annals_nats::{JetStreamLog, Nats, server};
use serde_json::json;
use uuid::Uuid;

/// Commits in the largest entry.
const MAX_COMMITS: u8 = 128;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server"] => println!("{}", server::find()?.display()),
        ["write", url, ledger] => write(&log_at(url).await?, Path::new(ledger)).await?,
        ["check", url, ledger] => check(&log_at(url).await?, Path::new(ledger)).await?,
        _ => return Err("power_cut server | write URL LEDGER | check URL LEDGER".into()),
    }
    Ok(())
}

async fn log_at(url: &str) -> Result<JetStreamLog, Box<dyn Error>> {
    let nats = Nats::connect(url, "power-cut").await?;
    Ok(nats.log(nats.prepare().await?))
}

/// Appends one entry after the other, and notes their commits: a line for each, with position and id.
async fn write(log: &JetStreamLog, ledger: &Path) -> Result<(), Box<dyn Error>> {
    let mut ledger = File::create_new(ledger)?;
    let mut head = Head::start(log.id());
    loop {
        let (mut body, mut ids) = (EntryBody::new(), Vec::new());
        for _ in 0..=rand::random::<u8>() % MAX_COMMITS {
            let commit = suite::commit(&suite::stream(), 0);
            ids.push(commit.id);
            body.push(&[commit])?;
        }
        let draft = Draft::new(Uuid::new_v4(), head, body);
        head = draft.head(log.append(&draft, head.position).await?);
        let mut lines = String::new();
        for id in ids {
            writeln!(lines, "{} {id}", head.position)?;
        }
        // In one call, so that no line is cut when this process is killed.
        ledger.write_all(lines.as_bytes())?;
    }
}

/// What the log holds.
#[derive(Default)]
struct Found {
    /// As in the ledger.
    commits: HashSet<String>,
    entries: u64,
    largest: usize,
}

async fn check(log: &JetStreamLog, ledger: &Path) -> Result<(), Box<dyn Error>> {
    let (ledger, end) = (fs::read_to_string(ledger)?, log.end().await?);
    let mut found = Found::default();
    let unreadable = read(log, end, &mut found).await.err();
    let report = json!({
        "acknowledged": ledger.lines().count(),
        "lost": ledger.lines().filter(|line| !found.commits.contains(*line)).count(),
        "stored": found.commits.len(),
        "unreadable": unreadable.map(|error| error.to_string()),
        "entries": found.entries,
        "largest": found.largest,
        "in_part": null, // an entry is one message
    });
    println!("{report}");
    Ok(())
}

/// Reads up to the end, the chain checked.
async fn read(log: &JetStreamLog, end: Position, found: &mut Found) -> Result<(), ReadError> {
    let mut reader = EntryReader::new(log.tail("power-cut", 0).await?, Head::start(log.id()));
    while reader.checkpoint().position < end {
        let reads = reader.next(usize::MAX, |foreign| eprintln!("{foreign:?}")).await?;
        for entry in reads.into_iter().filter_map(|read| read.entry) {
            found.entries += 1;
            found.largest = found.largest.max(entry.commits.len());
            let lines =
                entry.commits.iter().map(|stored| format!("{} {}", stored.position, stored.commit.id));
            found.commits.extend(lines);
        }
    }
    Ok(())
}
