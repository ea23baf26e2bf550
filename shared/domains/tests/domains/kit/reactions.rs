//! What follows from what happened.

use annals_core::{Outgoing, Reactor, StoredCommit, StreamId};
use serde_json::Value;

use super::History;

/// What each reactor does about a commit.
pub fn reactions(history: &History, commit: &StoredCommit) -> Vec<(&'static str, Outgoing)> {
    let outgoing = |reactor: &Reactor| {
        let dispatches = reactor.react(commit).unwrap();
        dispatches.into_iter().map(|it| (reactor.name, it.outgoing)).collect::<Vec<_>>()
    };
    history.catalog.reactors().flat_map(outgoing).collect()
}

/// The only thing that is done about a commit: a notification is asked for.
pub fn notice(history: &History, commit: &StoredCommit) -> (StreamId, Value) {
    let [(_, Outgoing::Command { stream, command, data, .. })] = &reactions(history, commit)[..] else {
        panic!("not one command");
    };
    assert_eq!((stream.category.as_str(), command.as_str()), ("notification", "request"));
    history.catalog.category("notification").unwrap().check(command, data).unwrap();
    (stream.clone(), data.clone())
}
