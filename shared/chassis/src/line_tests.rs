use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{info, subscriber::with_default, warn};
use tracing_subscriber::fmt::MakeWriter;

use super::*;

const ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What is printed, without the time.
fn printed(log: impl FnOnce()) -> String {
    let captured = Captured::default();
    let line = Line { coloured: false };
    let subscriber = tracing_subscriber::fmt().event_format(line).with_writer(captured.clone()).finish();
    with_default(subscriber, log);
    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    text.split_at(9).1.to_owned()
}

#[test]
fn a_line_says_what_happened_and_to_what() {
    let line = printed(|| {
        info!(target: "annals_command::journal", category = "account", id = %ID, version = 2, position = 12,
              ms = 1.34, correlation = %ID, "deposit");
    });
    assert_eq!(line, format!("command   deposit account/{ID} v2 @12 1.3ms ~c1f90ae7\n"));
    assert!(line.len() + 9 <= COLUMNS);
}

#[test]
fn ids_are_shortened_when_a_line_would_be_too_long() {
    let line = printed(|| {
        info!(target: "annals_reactor", category = "notification", id = %ID, correlation = %ID,
              "to ada@example.com: Your account is open");
    });
    let expected =
        "reactor   to ada@example.com: Your account is open notification/…e07fc1f90ae7 ~c1f90ae7\n";
    assert_eq!(line, expected);
}

#[test]
fn only_what_is_out_of_the_ordinary_is_marked() {
    assert_eq!(
        printed(|| warn!(target: "annals", pause_s = 4, "standing still")),
        "annals    WARN standing still pause_s=4\n"
    );
}

#[test]
fn other_fields_keep_their_names() {
    let line = printed(|| info!(target: "annals", reason = "no good", ms = 2.0, "stopped"));
    assert_eq!(line, "annals    stopped reason=\"no good\" 2.0ms\n");
}

#[test]
fn text_from_outside_stays_on_its_line() {
    let line = printed(|| info!(target: "annals", name = "a\nb\u{1b}[31m", "hello\r\n{}", "x\ty"));
    assert_eq!(line, "annals    hello\\r\\nx\\ty name=a\\nb\\u{1b}[31m\n");
}

#[test]
fn a_value_cannot_look_like_another_field() {
    let line = printed(|| info!(target: "annals", name = "a\" admin=\"yes", "hello"));
    assert_eq!(line, "annals    hello name=\"a\\\" admin=\\\"yes\"\n");
}

#[test]
fn a_line_cannot_be_turned_around() {
    assert_eq!(
        printed(|| info!(target: "annals", "a\u{202e}b\u{2028}c")),
        "annals    a\\u{202e}b\\u{2028}c\n"
    );
}
