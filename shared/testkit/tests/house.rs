//! The rules of the house, as far as a machine can check them: who may use what, and how long a
//! file may be. Whoever breaks one is named.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// One line of a package's `[dependencies]`, or of the other tables.
struct Dependency {
    package: String,
    /// `services` or `shared`.
    folder: String,
    on: String,
    /// `normal`, `dev` or `build`.
    kind: String,
}

impl Dependency {
    fn is_normal(&self) -> bool {
        self.kind == "normal"
    }

    fn in_words(&self) -> String {
        format!("{} has the {} dependency {}", self.package, self.kind, self.on)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn dependencies() -> Vec<Dependency> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root());
    let metadata: Value = serde_json::from_slice(&cargo.output().unwrap().stdout).unwrap();

    let text = |value: &Value| value.as_str().unwrap_or("normal").to_owned(); // metadata says null
    let of = |package: &Value| {
        let manifest = text(&package["manifest_path"]);
        let manifest = Path::new(&manifest).strip_prefix(root()).unwrap();
        let folder = manifest.iter().next().unwrap().to_string_lossy().into_owned();
        let all = package["dependencies"].as_array().unwrap().iter().map(|it| Dependency {
            package: text(&package["name"]),
            folder: folder.clone(),
            on: text(&it["name"]),
            kind: text(&it["kind"]),
        });
        all.collect::<Vec<_>>()
    };
    metadata["packages"].as_array().unwrap().iter().flat_map(of).collect()
}

#[track_caller]
fn nobody(offenders: impl IntoIterator<Item = String>, rule: &str) {
    let offenders: Vec<_> = offenders.into_iter().collect();
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[track_caller]
fn no_dependency(is_against: impl Fn(&Dependency) -> bool, rule: &str) {
    nobody(dependencies().iter().filter(|it| is_against(it)).map(Dependency::in_words), rule);
}

#[test]
fn services_never_depend_on_each_other() {
    let all = dependencies();
    let is_service = |name: &str| all.iter().any(|it| it.folder == "services" && it.package == name);
    let offenders = all.iter().filter(|it| it.package != "annals" && is_service(&it.on));
    nobody(offenders.map(Dependency::in_words), "only `annals` depends on services, since it runs them");
}

#[test]
fn what_touches_the_outside_is_used_in_one_place() {
    const USERS: [(&str, &[&str]); 4] = [
        ("axum", &["annals-gateway", "annals-chassis"]),
        ("sqlx", &["annals-sqlite"]),
        ("rusqlite", &["annals-sqlite"]),
        ("async-nats", &["annals-nats", "annals-testkit"]), // its auditor shares no code with what it audits
    ];
    for (on, users) in USERS {
        let rule = format!("{on} is used by {} only", users.join(" and "));
        no_dependency(|it| it.on == on && !users.contains(&it.package.as_str()), &rule);
    }
}

#[test]
fn domains_are_pure() {
    const ALLOWED: [&str; 7] =
        ["annals-core", "jiff", "schemars", "serde", "serde_json", "thiserror", "uuid"];
    no_dependency(
        |it| it.package == "annals-domains" && it.is_normal() && !ALLOWED.contains(&it.on.as_str()),
        &format!("domains use {} only", ALLOWED.join(", ")),
    );
}

#[test]
fn the_framework_waits_for_nothing() {
    const RUNTIMES: [&str; 5] = ["tokio", "async-nats", "sqlx", "rusqlite", "axum"];
    no_dependency(
        |it| it.package == "annals-core" && it.is_normal() && RUNTIMES.contains(&it.on.as_str()),
        "annals-core has no runtime",
    );
    let of_domains = rust_files()
        .into_iter()
        .filter(|it| it.path.starts_with("shared/annals-core") || it.path.starts_with("shared/domains/src"))
        .filter(|it| !it.path.starts_with("shared/annals-core/src/log")); // what is stored has to be waited for
    nobody(
        of_domains.flat_map(|it| it.lines_with(concat!("async", " fn"))),
        "what domains are made of has no asynchronous function",
    );
}

#[test]
fn the_test_kit_is_for_tests() {
    no_dependency(|it| it.on == "annals-testkit" && it.kind != "dev", "annals-testkit is a dev-dependency");
}

/// A source file, its path from the root.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn length(&self) -> usize {
        self.text.lines().count()
    }

    fn in_words(&self) -> String {
        format!("{} has {} lines", self.path.display(), self.length())
    }

    /// Where it says something, as editors open it.
    fn lines_with(&self, needle: &str) -> Vec<String> {
        let lines = (1..).zip(self.text.lines()).filter(|(_, line)| line.contains(needle));
        lines.map(|(number, line)| format!("{}:{number}: {}", self.path.display(), line.trim())).collect()
    }

    /// Files of tests, and what is there for tests only; in other files, what follows `#[cfg(test)]`.
    fn tests(self) -> Source {
        let is_test =
            self.path.components().any(|it| it.as_os_str() == "tests" || it.as_os_str() == "testkit")
                || self.path.file_stem().unwrap().to_string_lossy().ends_with("_tests");
        let before = if is_test { 0 } else { self.text.find("#[cfg(test)]").unwrap_or(self.text.len()) };
        let blank = "\n".repeat(self.text[..before].lines().count()); // so that line numbers stay
        Self { text: format!("{blank}{}", &self.text[before..]), path: self.path }
    }
}

/// Every Rust file of the packages.
fn rust_files() -> Vec<Source> {
    let mut folders = vec![root().join("services"), root().join("shared")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.push(Source { path: path.strip_prefix(root()).unwrap().to_owned(), text });
            }
        }
    }
    files
}

#[test]
fn no_file_is_longer_than_300_lines() {
    nobody(rust_files().iter().filter(|it| it.length() > 300).map(Source::in_words), "at most 300 lines");
}

#[test]
fn a_service_starts_in_30_lines() {
    let mains =
        rust_files().into_iter().filter(|it| it.path.starts_with("services") && it.path.ends_with("main.rs"));
    nobody(mains.filter(|it| it.length() > 30).map(|it| it.in_words()), "main.rs has at most 30 lines");
}

#[test]
fn no_test_sleeps() {
    let sleeping = rust_files().into_iter().flat_map(|it| it.tests().lines_with(concat!("sleep", "(")));
    nobody(sleeping, "a test polls with a deadline");
}
