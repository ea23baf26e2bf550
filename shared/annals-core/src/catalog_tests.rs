use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    Column, Decided, EventRecord, Listen, Recorded, Rejection, Shows, Sql, Upcaster, testing::Story,
    values::Email,
};

/// A lamp: the smallest thing with a rule, a schema change and every kind of field error.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Lamp {
    lit: bool,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    /// Lights the lamp.
    Light {
        watts: u32,
        owner: Email,
        note: Option<String>,
    },
    Douse {},
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Event {
    LampLit { watts: u32 },
    LampDoused {},
}

#[derive(Debug, PartialEq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
enum Refusal {
    #[error("The lamp is lit already.")]
    AlreadyLit { watts: u32 },
}

impl Decider for Lamp {
    const NAME: &'static str = "lamp";
    const REVISION: u32 = 1;
    const INTERNAL: &'static [&'static str] = &["douse"];
    const UPCASTERS: &'static [Upcaster] =
        &[Upcaster { event: "LampLit", from: 1, up: |old| json!({ "watts": old["power"] }) }];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Light { watts, .. } if self.lit => Err(Refusal::AlreadyLit { watts }),
            Command::Light { watts, .. } => Ok(vec![Event::LampLit { watts }]),
            Command::Douse {} if self.lit => Ok(vec![Event::LampDoused {}]),
            Command::Douse {} => Ok(vec![]),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        Self { lit: matches!(event, Event::LampLit { .. }) }
    }
}

fn project(it: &Recorded<Event>) -> Vec<Sql> {
    vec![Sql::new("insert into lamps values (?)").bind(it.id)]
}

fn lamps(key: &'static [&'static str]) -> Projection {
    const COLUMNS: &[Column] = &[Column::id("lamp_id")];
    let shows = Shows { table: "lamps", columns: COLUMNS, key, order: Order::Ascending(&[]), filters: &[] };
    Projection { view: "lamps", version: 1, tables: "", shows, reads: vec![Lamp::on(project)] }
}

fn lamp() -> Category {
    Catalog::try_new([Domain::of::<Lamp>()]).unwrap().category("lamp").unwrap().clone()
}

fn record(kind: &str, schema: u32, data: &Value) -> EventRecord {
    let data = serde_json::value::to_raw_value(data).unwrap();
    EventRecord { id: Uuid::nil(), kind: kind.into(), version: 1, schema, data }
}

fn pointers(data: &Value) -> Vec<String> {
    match lamp().check("light", data) {
        Err(Rejection::Invalid(errors)) => errors.into_iter().map(|error| error.pointer).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_catalog_refuses_what_does_not_fit_together() {
    let refused = |domain: Domain| Catalog::try_new([domain]).unwrap_err();

    assert_eq!(refused(Domain::of::<Lamp>().and::<Lamp>()), CatalogError::Twice("lamp".into()));
    assert!(matches!(
        refused(Domain::of::<Lamp>().shows(lamps(&["colour"]))),
        CatalogError::UnknownColumn { column, .. } if column == "colour"
    ));
    assert!(matches!(
        refused(Domain::default().shows(lamps(&["lamp_id"]))),
        CatalogError::UnknownCategory { category, .. } if category == "lamp"
    ));
}

#[test]
fn every_field_that_is_wrong_is_named() {
    assert_eq!(pointers(&json!({})), ["/watts", "/owner"]);
    assert_eq!(pointers(&json!([])), [""]);
    assert_eq!(
        pointers(&json!({ "watts": -1, "owner": "nobody", "colour": "red", "a/b": 1 })),
        ["/a~1b", "/colour", "/owner", "/watts"]
    );
    assert_eq!(pointers(&json!({ "watts": 1, "owner": "a@example.com", "note": 7 })), ["/note"]);
}

#[test]
fn commands_carry_their_schema_and_description() {
    let lamp = lamp();
    assert_eq!(lamp.commands["light"]["description"], "Lights the lamp.");
    assert_eq!(lamp.commands["light"]["required"], json!(["watts", "owner"]));
    assert!(lamp.events.contains_key("LampDoused"));
}

#[test]
fn deciding_by_name_is_deciding_by_type() {
    let lamp = lamp();
    let data = json!({ "watts": 40, "owner": "ada@example.com" });

    let Decided { kind, schema, data: written } =
        lamp.decide(Uuid::nil(), &lamp.blank(), "light", &data).unwrap().remove(0);
    assert_eq!((kind.as_str(), schema, written.get()), ("LampLit", 2, r#"{"watts":40}"#));

    let lit = lamp.evolve(lamp.blank(), &record(&kind, schema, &json!({ "watts": 40 }))).unwrap();
    let Err(Rejection::Refused(refused)) = lamp.decide(Uuid::nil(), &lit, "light", &data) else {
        panic!("not refused")
    };
    assert_eq!((refused.reason.as_str(), &refused.data["watts"]), ("already-lit", &json!(40)));

    assert!(lamp.creates("light", &data));
    assert!(!lamp.creates("douse", &json!({})));
    assert!(matches!(lamp.decide(Uuid::nil(), &lit, "explode", &data), Err(Rejection::UnknownCommand)));
}

#[test]
fn an_old_event_is_lifted() {
    let lamp = lamp();
    let lit = lamp.evolve(lamp.blank(), &record("LampLit", 1, &json!({ "power": 60 }))).unwrap();
    assert_eq!(lamp.show(&lit), json!({ "lit": true }));

    let Decided { kind, schema, data } =
        lamp.rewrite(&record("LampLit", 1, &json!({ "power": 60 }))).unwrap();
    assert_eq!((kind.as_str(), schema, data.get()), ("LampLit", 2, r#"{"watts":60}"#));
    assert_eq!((lamp.schema_version("LampLit"), lamp.schema_version("LampDoused")), (2, 1));
}

#[test]
fn what_cannot_be_read_is_named() {
    let lamp = lamp();
    let reason = |kind: &str, schema, data| {
        lamp.evolve(lamp.blank(), &record(kind, schema, &data)).unwrap_err().to_string()
    };
    assert!(reason("LampSold", 1, json!({})).contains("event type `LampSold`"));
    assert!(reason("LampLit", 3, json!({})).contains("schema 3, and this release knows up to 2"));
    assert!(reason("LampLit", 2, json!({ "watts": "many" })).contains("`LampLit`"));
}

#[test]
fn stories_hold_what_was_stored() {
    let owner = "ada@example.com".parse().unwrap();
    let light = || Command::Light { watts: 5, owner, note: None };

    Lamp::given([]).when(Command::Douse {}).nothing();
    Lamp::given([Event::LampLit { watts: 5 }]).when(light()).refused(Refusal::AlreadyLit { watts: 5 });
}
