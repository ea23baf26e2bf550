//! The mails: lines that reactors print.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    time::Duration,
};

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{Interruption, Violations, notifications::Notifications};

/// That a mail was sent is noted with the time at which that was decided, a little before it is known
/// to the one who sent it.
const SLACK: Duration = Duration::from_secs(1);

/// A mail that was sent.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Mail {
    /// The notification.
    id: Uuid,
    #[serde(rename = "timestamp")]
    at: Timestamp,
    #[serde(default)]
    again: bool,
}

/// All mails, in no particular order.
pub(crate) fn read(logs: &[PathBuf]) -> Vec<Mail> {
    let files = logs.iter().map(|log| File::open(log).expect("a process that was started has a log"));
    let lines = files.flat_map(|file| BufReader::new(file).lines());
    let lines = lines.map(|line| line.expect("a log is UTF-8"));
    let mails = lines.filter(|line| line.contains("\"target\":\"annals_reactor::channels\""));
    mails.map(|line| serde_json::from_str(&line).expect("a mail has an id and a time")).collect()
}

/// Each notification is sent, and again only if it was open when something was ended; a repeat says
/// that it is one.
pub(crate) fn compare(
    mails: &[Mail],
    notifications: &Notifications,
    interruptions: &[Interruption],
    violations: &mut Violations,
) {
    let mut by_id: HashMap<Uuid, Vec<Mail>> = HashMap::new();
    for mail in mails {
        by_id.entry(mail.id).or_default().push(*mail);
    }
    for id in notifications.sent() {
        violations.unless(by_id.contains_key(id), || format!("no mail was sent for {id}"));
    }
    for (id, mut sent) in by_id {
        sent.sort_by_key(|mail| mail.at);
        let Some((requested, noted)) = notifications.open_between(id) else {
            violations.add(format!("mails that nobody asked for: {sent:?}"));
            continue;
        };
        // Something was ended that made a repeat by `at` necessary: the notification was open then.
        let excused = |at: Timestamp| {
            let mut repeating = interruptions.iter().filter(|it| it.repeats_mails);
            repeating.any(|it| requested <= it.until && it.from - SLACK <= noted && it.from <= at)
        };
        for (number, mail) in sent.iter().enumerate() {
            let right = if mail.again { excused(mail.at) } else { number == 0 };
            violations.unless(right, || {
                format!("mail {number} of {sent:?} is not right; open from {requested} until {noted}")
            });
        }
    }
}

#[cfg(test)]
#[path = "mails_tests.rs"]
mod tests;
