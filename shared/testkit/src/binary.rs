//! The binaries of the same build as the running test.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tokio::task::spawn_blocking;

/// The packages whose binaries are run. Each bears the name of its package.
const PACKAGES: [&str; 5] =
    ["annals", "annals-gateway", "annals-command", "annals-projector", "annals-reactor"];

/// Says where a binary is. All are built, once per process.
pub(crate) async fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = spawn_blocking(|| FOLDER.get_or_init(build)).await.expect("the binaries were built");
    folder.join(name)
}

fn build() -> PathBuf {
    let folder = profile_folder();
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--profile", profile(&folder), "--target-dir"]).arg(target_folder());
    cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(cargo.status().expect("cargo can be run").success(), "the binaries could not be built");
    folder
}

/// Cargo, as if a person ran it.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_this_test(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    cargo
}

/// Where the running test was built, with all that it is built of.
///
/// # Panics
/// When the test was put elsewhere.
#[must_use]
pub fn target_folder() -> PathBuf {
    profile_folder().parent().expect("a profile's folder lies in the target folder").to_owned()
}

/// The test is TARGET/PROFILE/deps/NAME.
fn profile_folder() -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    test.ancestors().nth(2).expect("a test lies in `deps`").to_owned()
}

fn profile(folder: &Path) -> &str {
    match folder.file_name().and_then(|name| name.to_str()).expect("profiles have plain names") {
        "debug" => "dev",
        other => other,
    }
}

/// Cargo tells a test about its package. Handed on to another cargo, that makes build scripts which
/// look at it run again, and everything above them compile again.
fn is_of_this_test(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}
