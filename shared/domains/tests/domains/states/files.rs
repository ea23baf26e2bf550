//! `histories/{category}/{name}.commits.json`: entries of one commit as the log holds them, one per line.
//! `histories/{category}/{name}.states.r{revision}.json`: the state after each of them, as it is kept.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use annals_core::{Category, StoredCommit};
use serde_json::value::RawValue;

use super::told::Told;
use crate::kit::{read, written};

/// Files that are missing are written if this is set. None is ever written over.
const WRITE: &str = "ANNALS_WRITE_HISTORIES";

/// How they are written.
pub const HOW: &str = "`ANNALS_WRITE_HISTORIES=1 cargo test -p annals-domains states`";

/// A history as it was recorded.
pub struct Recorded {
    /// Where it stands below `histories`.
    pub path: String,
    pub commits: Vec<StoredCommit>,
}

impl Recorded {
    /// Reads the commits. None: they have not been recorded.
    pub fn of(told: &Told) -> Option<Self> {
        let path = format!("{}/{}", told.category, told.name);
        let lines = read_lines(&format!("{path}.commits.json"))?;
        let commits = (1..).zip(&lines).map(|(position, line)| read(position, line.as_bytes()));
        Some(Self { commits: commits.collect(), path })
    }

    /// The state after each commit, by today's rules.
    pub fn states(&self, category: &Category) -> Vec<String> {
        let mut state = category.blank();
        let after = self.commits.iter().map(|stored| {
            state = category.fold(std::mem::replace(&mut state, category.blank()), stored).unwrap();
            category.encode(&state)
        });
        after.collect()
    }

    /// The same by the rules of the category's revision when it was new. None: they were not recorded.
    pub fn recorded_states(&self, category: &Category) -> Option<Vec<String>> {
        read_lines(&self.states_path(category))
    }

    /// Where those states stand below `histories`.
    pub fn states_path(&self, category: &Category) -> String {
        format!("{}.states.r{}.json", self.path, category.revision)
    }
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("histories").join(path)
}

fn read_lines(path: &str) -> Option<Vec<String>> {
    let text = fs::read(file(path)).ok()?;
    let lines: Vec<Box<RawValue>> = serde_json::from_slice(&text).unwrap_or_else(|it| panic!("{path}: {it}"));
    Some(lines.iter().map(|line| line.get().to_owned()).collect())
}

/// Writes what is missing of a history, if that is wanted.
pub fn write_missing(told: &Told, category: &Category) {
    if env::var_os(WRITE).is_none() {
        return;
    }
    let commits = format!("{}/{}.commits.json", told.category, told.name);
    if !file(&commits).exists() {
        let lines = told.history().commits.into_iter().map(|it| written(&it.commit));
        write(&commits, &lines.map(|line| String::from_utf8(line).unwrap()).collect::<Vec<_>>());
    }
    let recorded = Recorded::of(told).unwrap();
    if recorded.recorded_states(category).is_none() {
        write(&recorded.states_path(category), &recorded.states(category));
    }
}

fn write(path: &str, lines: &[String]) {
    fs::create_dir_all(file(path).parent().unwrap()).unwrap();
    fs::write(file(path), format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
}
