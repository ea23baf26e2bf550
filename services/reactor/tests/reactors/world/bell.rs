//! A bell, a chime, and what the one has to do with the other.

use annals_core::{Catalog, Decider, Domain, Listen, Notice, Reactor, Recorded, Request, StreamId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Bell;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BellCommand {
    Ring {},
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub enum BellEvent {
    BellRung {},
}

/// There is none.
#[derive(Debug, Serialize, JsonSchema, Error)]
pub enum Refusal {}

impl Decider for Bell {
    const NAME: &'static str = "bell";
    const REVISION: u32 = 1;
    type Command = BellCommand;
    type Event = BellEvent;
    type Refusal = Refusal;

    fn decide(&self, _: BellCommand) -> Result<Vec<BellEvent>, Refusal> {
        Ok(vec![BellEvent::BellRung {}])
    }

    fn evolve(self, _: &BellEvent) -> Self {
        self
    }
}

/// It is struck as often as it is asked to: only the command's id tells a repeat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Chime;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChimeCommand {
    Strike {},
    Greet {},
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub enum ChimeEvent {
    ChimeStruck {},
    ChimeGreeted {},
}

impl Decider for Chime {
    const NAME: &'static str = "chime";
    const REVISION: u32 = 1;
    type Command = ChimeCommand;
    type Event = ChimeEvent;
    type Refusal = Refusal;

    fn decide(&self, command: ChimeCommand) -> Result<Vec<ChimeEvent>, Refusal> {
        Ok(vec![match command {
            ChimeCommand::Strike {} => ChimeEvent::ChimeStruck {},
            ChimeCommand::Greet {} => ChimeEvent::ChimeGreeted {},
        }])
    }

    fn evolve(self, _: &ChimeEvent) -> Self {
        self
    }
}

fn strike(it: &Recorded<BellEvent>) -> [Request; 1] {
    [Request::new::<Chime>("strike", it.id, &ChimeCommand::Strike {})]
}

fn greet(it: &Recorded<BellEvent>) -> [Request; 1] {
    [Request::new::<Chime>("greet", it.id, &ChimeCommand::Greet {})]
}

fn burst(it: &Recorded<BellEvent>) -> [Request; 1] {
    assert!(it.version < 2, "it has been rung twice");
    strike(it)
}

fn tell(it: &Recorded<BellEvent>) -> [Notice; 1] {
    let (to, subject, body) = ("ada@example.com".into(), "A bell".into(), it.id.to_string());
    [Notice { name: "rung", to, subject, body }]
}

/// `striker` strikes a chime for every bell, `newcomer` greets one for every new bell, `fragile` panics over the second
/// ring of a bell, and `teller` writes to Ada.
pub fn catalog() -> Catalog {
    let bells = Domain::of::<Bell>()
        .and::<Chime>()
        .reacts(Reactor::new("striker", [Bell::when("BellRung", strike)]))
        .reacts(Reactor::new("newcomer", [Bell::when("BellRung", greet)]).from_now())
        .reacts(Reactor::new("fragile", [Bell::when("BellRung", burst)]))
        .reacts(Reactor::new("teller", [Bell::when("BellRung", tell)]));
    Catalog::try_new([bells, annals_domains::notification::domain()]).unwrap()
}

/// A bell that has never rung.
pub fn bell() -> StreamId {
    StreamId::new(Bell::NAME, Uuid::new_v4())
}
