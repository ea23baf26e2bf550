//! What is stored are CloudEvents: those who wrote the specification's own SDK read it, too.

use annals_core::StreamId;
use cloudevents::{AttributesReader, Data, Event, event::ExtensionValue};
use uuid::Uuid;

use super::{Golden, categories, history_of};
use crate::kit::written;

#[test]
fn every_event_that_was_ever_stored_is_a_cloud_event() {
    for category in categories() {
        let stream = StreamId::new(category.name, Uuid::from_u128(1));
        let files = Golden::of(category.name);
        let history = history_of(&stream, &files);
        assert!(!files.is_empty() && files.len() == history.commits.len());
        for (golden, stored) in files.iter().zip(&history.commits) {
            let batch: Vec<Event> = serde_json::from_slice(&written(&stored.commit)).unwrap();
            let [event] = &batch[..] else { panic!("{}: {batch:?}", golden.path) };
            assert_eq!(event.ty(), golden.event);
            assert_eq!(*event.source(), stream.to_string());
            let schema = event.extension("schema").unwrap_or(&ExtensionValue::Integer(1));
            assert_eq!(*schema, ExtensionValue::Integer(golden.schema.into()));
            let recorded_at = event.time().unwrap().timestamp_micros();
            assert_eq!(recorded_at, stored.commit.recorded_at.as_microsecond());
            let Some(Data::Json(data)) = event.data() else { panic!("{}: {event}", golden.path) };
            assert_eq!(*data, golden.json(), "{}", golden.path);
        }
    }
}
