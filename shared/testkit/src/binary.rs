//! The `annals` binary of the same build as the running test.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Builds the binary, once per process, and says where it is. Blocks.
pub(crate) fn annals() -> &'static Path {
    static ANNALS: OnceLock<PathBuf> = OnceLock::new();
    ANNALS.get_or_init(build)
}

fn build() -> PathBuf {
    // The test is TARGET/PROFILE/deps/NAME.
    let test = env::current_exe().expect("a running test has a path");
    let folder = test.ancestors().nth(2).expect("a test lies in `deps`");
    let target = folder.parent().expect("a profile's folder lies in the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()).expect("profiles have plain names")
    {
        "debug" => "dev",
        other => other,
    };

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "annals", "--profile", profile, "--target-dir"]).arg(target);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_this_test(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    assert!(cargo.status().expect("cargo can be run").success(), "the annals binary could not be built");
    folder.join("annals")
}

/// Cargo tells a test about its package. Handed on to another cargo, that makes build scripts which
/// look at it run again, and everything above them compile again.
fn is_of_this_test(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}
