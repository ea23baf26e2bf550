//! What is counted is written down, in docs/metrics.md, and nothing else is.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

#[test]
fn every_metric_is_documented_and_no_other() {
    let documented = fs::read_to_string(root().join("docs/metrics.md")).unwrap();
    let documented = documented.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let documented: BTreeSet<_> = documented.map(ToOwned::to_owned).collect();

    let counted: BTreeSet<_> = ["services", "shared"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .flat_map(names)
        .collect();
    assert!(counted.contains("annals_http_requests_total"), "{counted:?}");
    assert_eq!(counted, documented);
}

/// The files that services are made of.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            Some(kind) if kind == "rs" => vec![path],
            None if path.is_dir() && !path.ends_with("tests") => sources(&path),
            _ => Vec::new(),
        })
        .collect()
}

/// The names that a file counts under, tests aside.
fn names(file: PathBuf) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let calls = ["counter!(", "gauge!(", "histogram!(", "gauge("].map(|call| text.split(call).skip(1));
    let names =
        calls.into_iter().flatten().filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next());
    names.filter(|name| !name.starts_with("annals_test_")).map(ToOwned::to_owned).collect()
}
