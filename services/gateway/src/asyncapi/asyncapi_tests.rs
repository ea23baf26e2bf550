use annals_core::log::EntryBody;

use super::*;
use crate::{fits::fits, openapi::rehearsal};

fn ours() -> Value {
    document(&annals_domains::catalog())
}

#[test]
fn every_message_that_is_shown_fits_its_schema() {
    let document = ours();
    let mut seen = 0;
    for (name, message) in document["components"]["messages"].as_object().unwrap() {
        for example in message["examples"].as_array().into_iter().flatten() {
            fits(&document, &message["payload"], &example["payload"])
                .unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn what_the_rules_give_is_stored_as_described() {
    let (document, catalog) = (ours(), annals_domains::catalog());
    let payload = &document["components"]["messages"]["entry"]["payload"];
    let mut seen = 0;
    for category in catalog.categories() {
        for stored in rehearsal::of(category).stored.into_values() {
            let mut body = EntryBody::new();
            body.push(&[stored.commit]).unwrap();
            let stored: Value = serde_json::from_slice(&body.finish()).unwrap();
            fits(&document, payload, &stored).unwrap_or_else(|wrong| panic!("{wrong}: {stored}"));

            let mut strange = stored.clone();
            strange[0]["data"]["amount"] = json!("much");
            strange[0]["schema"] = json!(99);
            assert!(fits(&document, payload, &strange).is_err(), "{strange}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
    assert_eq!(fits(&document, payload, &json!([])), Ok(()), "an entry may be empty");
}

#[test]
fn every_event_and_every_command_is_on_its_subject() {
    let (document, catalog) = (ours(), annals_domains::catalog());
    assert_eq!(document["channels"]["events"]["address"], "events.main");
    assert_eq!(document["channels"]["commands"]["address"], "commands.any");
    for category in catalog.categories() {
        let queue = &document["channels"][format!("{}.commands-async", category.name)];
        assert_eq!(queue["address"], format!("commands-async.{}.{{id}}.{{command_id}}", category.name));
        for command in category.commands.keys() {
            assert!(queue["messages"][format!("{}.{command}", category.name)].is_object());
        }
        for event in category.events.keys() {
            let described = &document["components"]["schemas"][format!("{}.{event}", category.name)];
            assert!(described.is_object(), "{event}");
        }
    }
}

#[test]
fn the_schema_of_an_event_has_its_version() {
    let registered = &ours()["components"]["schemas"]["person.PersonRegistered"]["allOf"][2]["oneOf"];
    assert_eq!(registered[0]["properties"]["schema"]["const"], 2);
    assert_eq!(registered[1]["properties"]["schema"]["maximum"], 1);
}
