//! The images are made of what is pinned elsewhere.

use annals_nats::server::ServerVersion;

const DOCKERFILE: &str = include_str!("../../../deploy/Dockerfile");

#[track_caller]
fn is_built_from(image: &str) {
    assert!(
        DOCKERFILE.lines().any(|line| line.starts_with(&format!("FROM {image} "))),
        "deploy/Dockerfile is not built from {image}"
    );
}

#[test]
fn the_log_is_kept_by_the_server_that_everything_is_tested_with() {
    is_built_from(&format!("nats:{}-alpine", ServerVersion::PINNED));
}

#[test]
fn the_builder_has_the_compiler_that_the_workspace_names() {
    is_built_from(&format!("rust:{}-bookworm", env!("CARGO_PKG_RUST_VERSION")));
}
