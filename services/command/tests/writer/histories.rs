//! Random histories: what the writer answers and stores is what a plain fold of the log says.

use std::{collections::HashMap, env};

use annals_core::{
    Catalog, Rejection, StreamId,
    bus::{CommandReply, CommandRequest, Failure},
    log::{MemoryLog, StoredCommit, Trouble},
};
use futures_util::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bank::{Service, again, command, entries};

/// So many histories unless `ANNALS_HISTORIES` says otherwise.
const HISTORIES: u64 = 40;

fn random_command(rng: &mut StdRng) -> CommandRequest {
    let id = Uuid::from_u128(rng.random_range(1..4));
    let amount = json!({ "amount": rng.random_range(1..5) });
    let (category, name, data): (&str, &str, Value) = match rng.random_range(0..9) {
        0 => ("account", "open", json!({ "owner_email": "ada@example.com" })),
        1 | 2 => ("account", "deposit", amount),
        3 | 4 => ("account", "withdraw", amount),
        5 => ("account", "close", json!({})),
        6 => ("person", "register", json!({ "first_name": "Ada", "last_name": "Lovelace" })),
        7 => ("person", "rename", json!({ "first_name": format!("Ada {}", rng.random_range(0..3)) })),
        _ => ("person", "retire", json!({})),
    };
    let mut request = command(id, name, data);
    request.stream = StreamId::new(category, id);
    request
}

/// Every state that a stream has had, from nothing on: its commits, and what `command` would meet then.
fn may_be_refused(
    catalog: &Catalog,
    commits: &[StoredCommit],
    request: &CommandRequest,
    reason: &str,
) -> bool {
    let category = catalog.category(&request.stream.category).unwrap();
    let mut state = category.blank();
    for commit in std::iter::once(None).chain(commits.iter().map(Some)) {
        if let Some(commit) = commit {
            state = category.fold(state, commit).unwrap();
        }
        let decided = category.decide(request.stream.id, &state, &request.command, &request.data);
        if matches!(decided, Err(Rejection::Refused(refused)) if refused.reason == reason) {
            return true;
        }
    }
    false
}

async fn one_history(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let log = MemoryLog::new(Uuid::from_u128(seed.into()));
    let mut services = vec![Service::on(log.clone()).await];
    if rng.random_bool(0.5) {
        services.push(Service::on(log.clone()).await);
    }
    let mut replies: Vec<(CommandRequest, CommandReply)> = Vec::new();
    for _ in 0..6 {
        let commands: Vec<_> = (0..rng.random_range(1..12)).map(|_| random_command(&mut rng)).collect();
        let troubles = [Trouble::Lost, Trouble::AcknowledgementLost];
        log.trouble((0..rng.random_range(0..3)).map(|_| troubles[rng.random_range(0..2)]));
        if rng.random_bool(0.2) {
            log.publish("events.main", &[], "foreign");
        }
        let sent = commands.iter().map(|it| services[rng.random_range(0..services.len())].send(it.clone()));
        let answered = join_all(sent.collect::<Vec<_>>()).await;
        replies.extend(commands.into_iter().zip(answered));
    }
    // Whatever was stored is known to all of them.
    for (request, reply) in &replies {
        if let Ok(accepted) = reply
            && !accepted.events.is_empty()
        {
            for service in &services {
                let repeated = service.send(again(request)).await.unwrap();
                assert!(repeated.replayed && repeated.position == accepted.position, "seed {seed}");
            }
        }
    }
    check(seed, &log, &replies).await;
}

async fn check(seed: u64, log: &MemoryLog, replies: &[(CommandRequest, CommandReply)]) {
    let catalog = annals_domains::catalog();
    let mut streams: HashMap<StreamId, Vec<StoredCommit>> = HashMap::new();
    for entry in entries(log).await {
        for stored in &entry.commits {
            streams.entry(stored.commit.stream.clone()).or_default().push(stored.clone());
        }
    }
    let mut stored = 0;
    for (request, reply) in replies {
        let commits = streams.get(&request.stream).map(Vec::as_slice).unwrap_or_default();
        match reply {
            Ok(accepted) if accepted.events.is_empty() => {}
            Ok(accepted) => {
                stored += 1;
                let found: Vec<_> = commits.iter().filter(|it| it.commit.id == request.id).collect();
                assert_eq!(found.len(), 1, "seed {seed}: stored once");
                assert_eq!(found[0].position, accepted.position);
                assert_eq!(found[0].commit.version(), accepted.version);
            }
            Err(Failure::Refused(refused)) => assert!(
                may_be_refused(&catalog, commits, request, &refused.reason),
                "seed {seed}: {} was refused as {} on a state that never was",
                request.command,
                refused.reason
            ),
            Err(failure) => panic!("seed {seed}: {failure:?}"),
        }
    }
    assert_eq!(stored, streams.values().map(Vec::len).sum::<usize>(), "seed {seed}: nothing else is stored");
    for (stream, commits) in &streams {
        // Each commit is what the rules say on the state before it.
        let category = catalog.category(&stream.category).unwrap();
        let mut state = category.blank();
        for commit in commits {
            let (request, _) = replies.iter().find(|(request, _)| request.id == commit.commit.id).unwrap();
            let decided = category.decide(stream.id, &state, &request.command, &request.data).unwrap();
            let expected: Vec<_> = decided.iter().map(|it| (&it.kind, it.data.get())).collect();
            let found: Vec<_> = commit.commit.events.iter().map(|it| (&it.kind, it.data.get())).collect();
            assert_eq!(expected, found, "seed {seed}");
            state = category.fold(state, commit).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_histories_equal_a_plain_fold() {
    let histories = env::var("ANNALS_HISTORIES").ok().and_then(|it| it.parse().ok()).unwrap_or(HISTORIES);
    for seed in 0..histories {
        one_history(seed).await;
    }
}
