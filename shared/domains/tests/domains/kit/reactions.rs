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

/// What is left to be done for one reactor, and what it has done.
pub struct Chores {
    reactor: &'static str,
    pub due: Vec<Outgoing>,
    pub done: Vec<Outgoing>,
}

impl Chores {
    pub fn of(reactor: &'static str) -> Self {
        Self { reactor, due: vec![], done: vec![] }
    }

    /// Notes what is to be done about a commit.
    pub fn follow(&mut self, history: &History, commit: &StoredCommit) {
        let mine = reactions(history, commit).into_iter().filter(|(reactor, _)| *reactor == self.reactor);
        self.due.extend(mine.map(|(_, outgoing)| outgoing));
    }

    /// Carries out one thing that is due. It is never refused.
    pub fn carry_out(&mut self, history: &mut History, number: usize) {
        let chore = self.due.swap_remove(number);
        if let Some(commit) = give(history, &chore) {
            self.follow(history, &commit);
        }
        self.done.push(chore);
    }

    /// Does something again that was done before, which changes nothing.
    pub fn repeat(&self, history: &mut History, number: usize) {
        let chore = &self.done[number];
        assert!(give(history, chore).is_none(), "it changed something: {chore:?}");
    }
}

/// Gives a reaction's command. A repeat is found in the target's stream, and nothing is stored.
fn give(history: &mut History, outgoing: &Outgoing) -> Option<StoredCommit> {
    let Outgoing::Command { id, stream, command, data } = outgoing else { panic!("not a command") };
    let repeated = history.of(stream).any(|it| it.commit.id == *id);
    if repeated { None } else { history.give_as(*id, stream, command, data).unwrap() }
}
