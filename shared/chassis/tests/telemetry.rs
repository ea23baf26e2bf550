//! What a process logs: this test binary runs itself as the one that logs.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{env, process::Command};

use annals_chassis::{config::LogFormat, telemetry};
use serde_json::Value;

/// Set in the process that logs.
const ROLE: &str = "ANNALS_TEST_LOGS";
const ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/// Logs. As a test of its own it does nothing.
#[test]
fn the_process_that_logs() {
    let format = match env::var(ROLE).as_deref() {
        Ok("json") => LogFormat::Json,
        Ok(_) => LogFormat::Text,
        Err(_) => return,
    };
    telemetry::init(format);
    tracing::info!(target: "annals_command::journal", category = "account", id = %ID, version = 2, ms = 1.34,
                   correlation = %ID, "depos\nit");
    tracing::info!(target: "sqlx::query", "select 1");
    tracing::debug!(target: "annals_command", "loaded");
}

fn logged(format: &str, rust_log: Option<&str>) -> Vec<String> {
    let mut process = Command::new(env::current_exe().unwrap());
    process
        .args(["--exact", "the_process_that_logs", "--nocapture"])
        .env(ROLE, format)
        .env_remove("RUST_LOG");
    process.envs(rust_log.map(|filter| ("RUST_LOG", filter)));
    let output = process.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_person_gets_one_plain_line_without_the_noise_of_libraries() {
    let lines = logged("text", None);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (time, line) = lines[0].split_at(9);
    assert!(time.bytes().enumerate().all(|(i, b)| if i < 8 && i % 3 < 2 {
        b.is_ascii_digit()
    } else {
        !b.is_ascii_digit()
    }));
    assert_eq!(line, format!("command   depos\\nit account/{ID} v2 1.3ms ~c1f90ae7"));
}

#[test]
fn a_machine_gets_every_field_as_it_is() {
    let lines = logged("json", None);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let event: Value = serde_json::from_str(&lines[0]).unwrap();
    assert!(event["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(event["level"], "INFO");
    assert_eq!(event["target"], "annals_command::journal");
    assert_eq!(event["message"], "depos\nit");
    assert_eq!((&event["category"], &event["id"]), (&"account".into(), &ID.into()));
    assert_eq!(
        (&event["version"], &event["ms"], &event["correlation"]),
        (&2.into(), &1.34.into(), &ID.into())
    );
}

#[test]
fn more_is_logged_when_it_is_asked_for() {
    let lines = logged("text", Some("annals_command=debug"));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].ends_with(" command   DEBUG loaded"), "{lines:?}");
}
