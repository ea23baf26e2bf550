//! `golden/{category}/{EventType}.v{schema}[.variant].json`: the data of an event, as the log holds it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use annals_core::{Decided, EventRecord};
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

/// One file.
pub struct Golden {
    /// Where it stands below `golden`.
    pub path: String,
    pub category: String,
    pub event: String,
    pub schema: u32,
    data: Box<RawValue>,
}

impl Golden {
    /// Every file there is, by path.
    pub fn all() -> Vec<Self> {
        let categories = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"));
        categories.iter().flat_map(|folder| entries(folder)).map(|file| Self::read(&file)).collect()
    }

    /// Those of one category.
    pub fn of(category: &str) -> Vec<Self> {
        Self::all().into_iter().filter(|golden| golden.category == category).collect()
    }

    /// As it was stored.
    pub fn stored(&self) -> Decided {
        Decided { kind: self.event.clone(), schema: self.schema, data: self.data.clone() }
    }

    /// As it is read from the log.
    pub fn record(&self) -> EventRecord {
        let Decided { kind, schema, data } = self.stored();
        EventRecord { id: Uuid::nil(), kind, version: 1, schema, data }
    }

    /// The data as JSON.
    pub fn json(&self) -> Value {
        json(&self.data)
    }

    /// The names of its fields.
    pub fn fields(&self) -> BTreeSet<String> {
        let data: Map<String, Value> = serde_json::from_str(self.data.get()).unwrap();
        data.into_iter().map(|(name, _)| name).collect()
    }

    fn read(file: &Path) -> Self {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let (category, file_name) = (name(file.parent().unwrap()), name(file));
        let path = format!("{category}/{file_name}");
        let (event, rest) = file_name.split_once(".v").unwrap_or_else(|| panic!("{path}: which schema?"));
        let schema = rest.split('.').next().unwrap().parse().unwrap_or_else(|_| panic!("{path}: no number"));
        let data = serde_json::from_slice(&fs::read(file).unwrap());
        let data = data.unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { category, event: event.to_owned(), schema, data, path }
    }
}

/// Data as JSON, whatever the order of its fields.
pub fn json(data: &RawValue) -> Value {
    serde_json::from_str(data.get()).unwrap()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
