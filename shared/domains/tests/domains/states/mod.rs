//! Recorded histories, folded: the states of long streams are kept under `Decider::REVISION`, so whoever
//! changes what comes of the same events has to raise it, or states of the old kind would be taken for new
//! ones.

mod files;
mod told;

use std::collections::BTreeSet;

use annals_core::{Category, Decider};
use annals_domains::account::{Account, Command, Event, Refusal};
use files::{HOW, Recorded, write_missing};
use serde::{Deserialize, Serialize};
use told::Told;

fn histories(category: &Category) -> impl Iterator<Item = Told> {
    told::all().into_iter().filter(|told| told.category == category.name)
}

/// The constant that a category's revision comes from.
fn revision(category: &Category) -> String {
    let decider = category.name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("`{}::REVISION`", decider.collect::<String>())
}

/// What is wrong with the states of a category, by what is recorded of its revision.
fn complaint(category: &Category) -> Option<String> {
    histories(category).find_map(|told| {
        let name = revision(category);
        let Some(recorded) = Recorded::of(&told) else {
            return Some(format!("histories/{}/{} is missing: {HOW} writes it", told.category, told.name));
        };
        let Some(before) = recorded.recorded_states(category) else {
            let path = recorded.states_path(category);
            return Some(format!("{name} is new, and histories/{path} is missing: {HOW} writes it"));
        };
        let now = recorded.states(category);
        let changed = (0..now.len()).find(|nth| before.get(*nth) != now.get(*nth))?;
        Some(format!(
            "the same events give another state under the same {name}: raise it by one, then {HOW} \
             writes what the new states are.\nhistories/{} after commit {}:\n  was {:?}\n  is  {}",
            recorded.path,
            changed + 1,
            before.get(changed),
            now[changed],
        ))
    })
}

#[test]
fn a_state_that_changes_gets_a_new_revision() {
    let catalog = annals_domains::catalog();
    for category in catalog.categories() {
        histories(category).for_each(|told| write_missing(&told, category));
    }
    let complaints: Vec<_> = catalog.categories().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_type_of_event_happens_in_a_recorded_history() {
    for category in annals_domains::catalog().categories() {
        let recorded = histories(category).filter_map(|told| Recorded::of(&told));
        let happened: BTreeSet<_> = recorded
            .flat_map(|recorded| recorded.commits)
            .flat_map(|stored| stored.commit.events)
            .map(|event| event.kind)
            .collect();
        let missing: Vec<_> = category.events.keys().filter(|event| !happened.contains(*event)).collect();
        assert!(missing.is_empty(), "{}: tell a history with {missing:?} in states/told.rs", category.name);
    }
}

/// An account that keeps less of what happened to it, under one revision or another.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Forgetful<const REVISION: u32>(Account);

impl<const REVISION: u32> Decider for Forgetful<REVISION> {
    const NAME: &'static str = Account::NAME;
    const REVISION: u32 = REVISION;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        self.0.decide(command)
    }

    fn evolve(self, event: &Event) -> Self {
        let forgets = matches!(event, Event::TransferSettled { .. });
        if forgets { self } else { Self(self.0.evolve(event)) }
    }
}

#[test]
fn whoever_forgets_to_raise_the_revision_is_told_which() {
    let forgotten = complaint(&Category::of::<Forgetful<{ Account::REVISION }>>()).expect("it was noticed");
    assert!(forgotten.contains("under the same `Account::REVISION`"), "{forgotten}");
    assert!(forgotten.contains("account/opened-to-closed after commit 8"), "{forgotten}");

    let raised = Category::of::<Forgetful<{ Account::REVISION + 1 }>>();
    let missing = format!("histories/account/opened-to-closed.states.r{}.json is missing", raised.revision);
    assert!(complaint(&raised).is_some_and(|it| it.contains(&missing)));
}
