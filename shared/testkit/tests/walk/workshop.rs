//! A copy of the workspace, to work in. What it is built of comes from the build of the running test.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use annals_testkit::{cargo, target_folder};
use tempfile::TempDir;

use crate::page::Files;

pub struct Workshop {
    folder: TempDir,
    new: BTreeSet<String>,
    changed: BTreeSet<String>,
}

/// The workspace of the running test.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

impl Workshop {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let is_source = |name: &str| !["target", "data", ".git"].iter().any(|other| name.starts_with(other));
        copy(root(), folder.path(), &is_source);
        let workshop = Self { folder, new: BTreeSet::new(), changed: BTreeSet::new() };
        workshop.take_another_version();
        workshop
    }

    /// The packages of the copy are others than those of the original: what is built of them bears other
    /// names, and can lie in the same folder.
    fn take_another_version(&self) {
        let manifest = self.folder.path().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        let version = text.lines().find(|line| line.starts_with("version = ")).unwrap();
        fs::write(manifest, text.replacen(version, "version = \"0.0.0-walk\"", 1)).unwrap();
    }

    pub fn create(&mut self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        assert!(!file.exists(), "{path} is there already");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self.new.insert(path.into());
    }

    pub fn change(&mut self, path: &str, places: &[(String, String)]) {
        let file = self.folder.path().join(path);
        let mut text = fs::read_to_string(&file).unwrap();
        for (before, after) in places {
            assert_eq!(
                text.matches(before.as_str()).count(),
                1,
                "{path}: this is to be there once:\n{before}"
            );
            text = text.replacen(before, after, 1);
        }
        fs::write(file, text).unwrap();
        if !self.new.contains(path) {
            self.changed.insert(path.into());
        }
    }

    /// How many files were touched since it was asked last.
    pub fn touched(&mut self) -> Files {
        let of_tests = |path: &&String| path.contains("/tests/") || path.contains("/golden/");
        let (new, changed) = (std::mem::take(&mut self.new), std::mem::take(&mut self.changed));
        let count = |paths: &BTreeSet<String>| paths.iter().filter(|path| !of_tests(path)).count();
        Files {
            new: count(&new),
            changed: count(&changed),
            of_tests: new.union(&changed).filter(of_tests).count(),
        }
    }

    /// Runs a command as a person would, but for what is there already: no network is needed.
    pub fn run(&self, command: &str) -> Output {
        let arguments = command.strip_prefix("cargo ").unwrap_or_else(|| panic!("not cargo: {command}"));
        let mut cargo: Command = cargo();
        cargo.args(arguments.split(' ')).current_dir(self.folder.path());
        cargo.env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
        cargo.env("CARGO_TARGET_DIR", self.folder.path().join("target"));
        cargo.env("CARGO_BUILD_BUILD_DIR", target_folder());
        cargo.output().unwrap()
    }

    /// Builds the system, which must be worth no warning, and says where it is.
    pub fn build(&self) -> PathBuf {
        let built = self.run("cargo build");
        let said = String::from_utf8(built.stderr).unwrap();
        assert!(built.status.success() && !said.contains("warning"), "{said}");
        self.folder.path().join("target/debug/annals")
    }
}

fn copy(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if !is_wanted(&entry.file_name().to_string_lossy()) {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to, &|_| true);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}
