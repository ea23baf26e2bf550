//! A log line for people: what happened, then its ids, readable at 100 columns.

use std::fmt::{self, Write};

use jiff::{Timestamp, tz::TimeZone};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Formats events as `06:41:59 command   deposit account/7c9e… v2 @12 1.3ms ~f1a90ae7`.
pub(crate) struct Line {
    pub coloured: bool,
}

/// Ids are shortened if a line would be longer.
const COLUMNS: usize = 100;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let time = Timestamp::now().to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string();
        let metadata = event.metadata();
        let mut parts = Parts::default();
        event.record(&mut parts);
        let head = format!("{:<9} {}", service(metadata.target()), level(*metadata.level()));
        let full = parts.text(false);
        let columns = time.len() + 1 + head.chars().count() + full.chars().count();
        let text = if columns > COLUMNS { parts.text(true) } else { full };
        match (self.coloured, *metadata.level()) {
            (false, _) => writeln!(writer, "{time} {head}{text}"),
            (true, Level::ERROR) => writeln!(writer, "\x1b[2m{time}\x1b[0m \x1b[31m{head}{text}\x1b[0m"),
            (true, Level::WARN) => writeln!(writer, "\x1b[2m{time}\x1b[0m \x1b[33m{head}{text}\x1b[0m"),
            (true, _) => writeln!(writer, "\x1b[2m{time}\x1b[0m {head}{text}"),
        }
    }
}

/// `annals_command::execute` is `command`.
fn service(target: &str) -> &str {
    let root = target.split("::").next().unwrap_or(target);
    root.strip_prefix("annals_").unwrap_or(root)
}

/// What happens as it should needs no mark.
fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR ",
        Level::WARN => "WARN ",
        Level::INFO => "",
        Level::DEBUG => "DEBUG ",
        Level::TRACE => "TRACE ",
    }
}

/// The fields of an event: the ones that everybody knows, and the others.
#[derive(Default)]
struct Parts {
    message: String,
    category: Option<String>,
    id: Option<String>,
    version: Option<String>,
    position: Option<String>,
    ms: Option<f64>,
    correlation: Option<String>,
    others: String,
}

impl Parts {
    fn text(&self, shorten: bool) -> String {
        let mut text = self.message.clone();
        let id = self.id.as_deref().map(|id| if shorten { ending(id, 12) } else { id.to_owned() });
        match (&self.category, id) {
            (Some(category), Some(id)) => push(&mut text, &format!("{category}/{id}")),
            (None, Some(id)) => push(&mut text, &format!("id={id}")),
            (Some(category), None) => push(&mut text, &format!("category={category}")),
            (None, None) => {}
        }
        if let Some(version) = &self.version {
            push(&mut text, &format!("v{version}"));
        }
        if let Some(position) = &self.position {
            push(&mut text, &format!("@{position}"));
        }
        text.push_str(&self.others);
        if let Some(ms) = self.ms {
            push(&mut text, &format!("{ms:.1}ms"));
        }
        if let Some(correlation) = &self.correlation {
            push(&mut text, &format!("~{}", &correlation[correlation.len().saturating_sub(8)..]));
        }
        text
    }

    fn set(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            "category" => self.category = Some(value),
            "id" => self.id = Some(value),
            "version" => self.version = Some(value),
            "position" => self.position = Some(value),
            "correlation" if value.is_ascii() => self.correlation = Some(value),
            name if name.starts_with("log.") => {}
            name if value.is_empty() || value.contains([' ', '"']) => {
                let value = value.replace('"', "\\\""); // so that a value cannot look like another field
                let _ = write!(self.others, " {name}=\"{value}\""); // writing to a String cannot fail
            }
            name => {
                let _ = write!(self.others, " {name}={value}");
            }
        }
    }
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

/// `…4b1f3f6a7c11`: searching for it finds the whole id, too.
fn ending(id: &str, characters: usize) -> String {
    match id.char_indices().rev().nth(characters - 1) {
        Some((start, _)) if start > 0 => format!("…{}", &id[start..]),
        _ => id.to_owned(),
    }
}

/// Text from outside must not break a line or steer a terminal.
fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            harmless.extend(c.escape_default());
        } else {
            harmless.push(c);
        }
    }
    harmless
}

/// Control characters, and those that break a line or turn its direction in Unicode's ways.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Visit for Parts {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "ms" => self.ms = Some(value),
            _ => self.set(field, value.to_string()),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, harmless(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, harmless(&format!("{value:?}")));
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
