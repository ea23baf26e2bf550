use annals_core::{Catalog, Category, Rejection, testing::Story};
use serde_json::{Value, json};

use super::*;
use crate::person;

fn text(text: &str) -> Text {
    text.parse().unwrap()
}

fn name(first: &str, last: &str) -> Name {
    Name { first_name: text(first), last_name: text(last) }
}

fn registered() -> Event {
    Event::PersonRegistered(name("Ada", "Byron"))
}

fn renamed(first: &str, last: &str) -> Event {
    Event::PersonRenamed(name(first, last))
}

fn retired() -> Event {
    Event::PersonRetired {}
}

fn register() -> Command {
    Command::Register(name("Ada", "Byron"))
}

fn rename(first: Option<&str>, last: Option<&str>) -> Command {
    Command::Rename(NewName { first_name: first.map(text), last_name: last.map(text) })
}

#[test]
fn a_person_is_registered_once() {
    Person::given([]).when(register()).then([registered()]);
    Person::given([registered()]).when(register()).refused(Refusal::AlreadyRegistered);
    Person::given([registered(), retired()]).when(register()).refused(Refusal::AlreadyRegistered);
}

#[test]
fn what_is_not_named_of_a_name_stays() {
    Person::given([registered()]).when(rename(None, Some("Lovelace"))).then([renamed("Ada", "Lovelace")]);
    Person::given([registered()]).when(rename(Some("Augusta"), None)).then([renamed("Augusta", "Byron")]);
    Person::given([registered(), renamed("Ada", "Lovelace")])
        .when(rename(Some("Augusta"), Some("King")))
        .then([renamed("Augusta", "King")]);
}

#[test]
fn the_same_name_is_no_change() {
    let same = [(Some("Ada"), None), (None, Some("Byron")), (Some("Ada"), Some(" Byron "))];
    for (first, last) in same {
        Person::given([registered()]).when(rename(first, last)).nothing();
    }
    Person::given([registered(), renamed("Ada", "King")]).when(rename(None, Some("King"))).nothing();
}

#[test]
fn who_is_not_registered_has_no_name_to_change_and_cannot_retire() {
    for command in [rename(Some("Ada"), None), Command::Retire {}] {
        Person::given([]).when(command).refused(Refusal::NotRegistered);
    }
}

#[test]
fn a_person_retires_once_and_keeps_the_name() {
    Person::given([registered()]).when(Command::Retire {}).then([retired()]);
    Person::given([registered(), retired()]).when(Command::Retire {}).nothing();
    for same_or_not in ["Ada", "Augusta"] {
        let command = rename(Some(same_or_not), None);
        Person::given([registered(), retired()]).when(command).refused(Refusal::Retired);
    }
}

#[test]
fn people_read_the_state_as_json() {
    let shown = |events: &[Event]| serde_json::to_value(Person::given(events.to_vec()).state()).unwrap();
    let ada = |status| json!({ "status": status, "first_name": "Ada", "last_name": "Byron" });

    assert_eq!(shown(&[]), json!({ "status": "unregistered" }));
    assert_eq!(shown(&[registered()]), ada("registered"));
    assert_eq!(shown(&[registered(), retired()]), ada("retired"));
}

/// What is wrong with the data of a command, each thing with its place.
fn wrong(person: &Category, command: &str, data: &Value) -> Vec<String> {
    match person.check(command, data) {
        Err(Rejection::Invalid(errors)) => {
            errors.into_iter().map(|error| format!("{}: {}", error.pointer, error.detail)).collect()
        }
        other => panic!("{command} {data}: {other:?}"),
    }
}

#[test]
fn a_payload_that_does_not_fit_is_told_where() {
    let catalog = Catalog::try_new([person::domain()]).unwrap();
    let person = catalog.category("person").unwrap();

    assert_eq!(wrong(person, "rename", &json!({})), [": must have at least one field"]);
    let two = json!({ "first_name": " ", "last_name": null });
    let pointers: Vec<_> = wrong(person, "rename", &two);
    assert_eq!(pointers.len(), 2, "{pointers:?}");
    assert!(pointers[0].starts_with("/first_name") && pointers[1].starts_with("/last_name"));

    let strange = json!({ "last_name": "Byron", "name": "Ada Byron" });
    let [missing, unknown] = &wrong(person, "register", &strange)[..] else { panic!("two things") };
    assert_eq!(missing, "/first_name: is missing");
    assert!(unknown.starts_with("/name: is not a field of `register`"));
    assert!(person.check("rename", &json!({ "last_name": "Lovelace" })).is_ok());
    assert_eq!(person.commands["rename"]["minProperties"], 1);
}
