//! Golden files: every type of event, in every schema that it ever had, can still be used. What is in
//! the log stays there for ever, so no file is ever changed or deleted; `docs/schema-evolution.md` says
//! what to do instead.

mod cloud_events;
mod files;

use std::collections::BTreeSet;

use annals_core::{Category, Fingerprint, Outgoing, StreamId};
use files::{Golden, json};
use serde_json::Value;
use uuid::Uuid;

use crate::kit::{History, reactions, rows};

const HOW: &str = "see docs/schema-evolution.md";

#[track_caller]
fn nothing_is_wrong(wrong: impl IntoIterator<Item = String>) {
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{HOW}\n{}", wrong.join("\n"));
}

fn categories() -> Vec<Category> {
    annals_domains::catalog().categories().cloned().collect()
}

/// The fields that events of this type have today.
fn fields_of(category: &Category, event: &str) -> BTreeSet<String> {
    let fields = category.events[event]["properties"].as_object();
    fields.into_iter().flat_map(|fields| fields.keys().cloned()).collect()
}

#[test]
fn every_type_of_event_has_a_file_for_every_schema_that_it_ever_had() {
    let there: BTreeSet<_> = Golden::all().into_iter().map(|it| (it.category, it.event, it.schema)).collect();
    let mut missing = Vec::new();
    for category in categories() {
        for event in category.events.keys() {
            for schema in 1..=category.schema_version(event) {
                if !there.contains(&(category.name.to_owned(), event.clone(), schema)) {
                    missing.push(format!(
                        "golden/{}/{event}.v{schema}.json is missing: write there, by hand, the data of \
                         such an event. Today its fields are {:?}.",
                        category.name,
                        fields_of(&category, event),
                    ));
                }
            }
        }
    }
    nothing_is_wrong(missing);
}

#[test]
fn every_file_is_of_an_event_that_is_still_known() {
    let catalog = annals_domains::catalog();
    let unknown = Golden::all().into_iter().filter(|golden| match catalog.category(&golden.category) {
        Some(category) => {
            let known = 1..=category.schema_version(&golden.event);
            !category.events.contains_key(&golden.event) || !known.contains(&golden.schema)
        }
        None => true,
    });
    nothing_is_wrong(unknown.map(|golden| {
        format!("golden/{}: the code knows no such event any more, and the log may hold some.", golden.path)
    }));
}

#[test]
fn every_event_is_written_today_as_it_was_before() {
    let mut changed = Vec::new();
    for category in categories() {
        for golden in Golden::of(category.name) {
            let now = category.rewrite(&golden.record()).map(|it| (it.schema, json(&it.data)));
            match now {
                Err(error) => changed.push(format!("golden/{}: {error}", golden.path)),
                Ok((schema, now)) if schema == golden.schema && now != golden.json() => {
                    changed.push(format!(
                        "golden/{} says {}, and now it would be written as {now}: its shape has \
                         changed, so it needs an upcaster.",
                        golden.path,
                        golden.json(),
                    ));
                }
                Ok(_) => {}
            }
        }
    }
    nothing_is_wrong(changed);
}

#[test]
fn every_field_is_in_some_file_and_every_optional_one_is_left_out_of_another() {
    let mut missing = Vec::new();
    for category in categories() {
        let files = Golden::of(category.name);
        for (event, schema) in &category.events {
            let version = category.schema_version(event);
            let files = files.iter().filter(|it| it.event == *event && it.schema == version);
            let files: Vec<_> = files.map(Golden::fields).collect();
            let required = |field: &String| {
                schema["required"].as_array().is_some_and(|it| it.contains(&Value::from(field.as_str())))
            };
            for field in fields_of(&category, event) {
                let file = format!("of golden/{}/{event}.v{version}*.json", category.name);
                if !files.iter().any(|fields| fields.contains(&field)) {
                    missing.push(format!("none {file} has the field `{field}`."));
                }
                if !required(&field) && files.iter().all(|fields| fields.contains(&field)) {
                    missing.push(format!("none {file} goes without `{field}`, which is optional."));
                }
            }
        }
    }
    nothing_is_wrong(missing);
}

/// All of this as one stream, whatever order it would really come in.
fn history_of(stream: &StreamId, files: &[Golden]) -> History {
    let mut history = History::new();
    for (id, golden) in (1..).map(Uuid::from_u128).zip(files) {
        let fingerprint = Fingerprint::of(&golden.path, &Value::Null);
        history.store(id, stream, fingerprint, vec![golden.stored()]);
    }
    history
}

#[tokio::test]
async fn every_event_is_folded_and_shown_and_reacted_to() {
    for category in categories() {
        let stream = StreamId::new(category.name, Uuid::from_u128(1));
        let mut files = Golden::of(category.name);
        for _ in 0..2 {
            files.reverse();
            let history = history_of(&stream, &files);
            let commits: Vec<_> = history.commits.iter().collect();

            assert!(category.show(&history.state(&stream)).is_object());
            for view in
                history.catalog.projections().filter(|it| it.categories().any(|name| name == category.name))
            {
                rows(view.view, &commits, &[]).await;
            }
            for (reactor, outgoing) in commits.iter().flat_map(|commit| reactions(&history, commit)) {
                let Outgoing::Command { stream, command, data, .. } = outgoing else { continue };
                let to = history.catalog.category(&stream.category).unwrap();
                to.check(&command, &data).unwrap_or_else(|error| panic!("{reactor}: {error:?}"));
            }
        }
    }
}
