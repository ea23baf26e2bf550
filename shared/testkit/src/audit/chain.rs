//! Which messages belong to the log, by the rules that docs/other-languages.md tells.

use std::collections::VecDeque;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::reader::Stored;

/// The subject of entries.
pub(crate) const SUBJECT: &str = "events.main";
const FORMAT: &str = "1";
const MAX_BYTES: usize = 768 * 1024;
/// Skipped messages that a reader remembers.
const MAX_SKIPPED: usize = 4096;

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// The next entry, with its hash.
    Entry(String),
    /// Not of this log, and why.
    Foreign(&'static str),
    Redelivered,
    /// It calls itself the next entry, of this format.
    Newer(String),
    /// It follows a message at this position, which was skipped.
    Fork(u64),
    /// The first and the last position that are missing.
    Gap(u64, u64),
}

/// Tells in order what belongs to a log.
#[derive(Debug)]
pub(crate) struct Chain {
    position: u64,
    hash: String,
    /// The last position that was looked at.
    read: u64,
    /// As the next message would name them.
    skipped: VecDeque<(u64, String)>,
}

impl Chain {
    pub(crate) fn new(log_id: Uuid) -> Self {
        let hash = sha256(&[format!("annals:{log_id}:main").as_bytes()]);
        Self { position: 0, hash, read: 0, skipped: VecDeque::new() }
    }

    /// The next message. What stops a reader changes nothing.
    pub(crate) fn take(&mut self, stored: &Stored) -> Membership {
        if stored.position <= self.read {
            return Membership::Redelivered;
        }
        if stored.position > self.read + 1 {
            return Membership::Gap(self.read + 1, stored.position - 1);
        }
        let membership = self.judge(stored);
        match &membership {
            Membership::Entry(hash) => {
                (self.position, self.read) = (stored.position, stored.position);
                self.hash.clone_from(hash);
                self.skipped.clear();
            }
            Membership::Foreign(_) => self.skip(stored),
            Membership::Redelivered | Membership::Newer(_) | Membership::Fork(_) | Membership::Gap(..) => {}
        }
        membership
    }

    /// The headers of an entry that comes next.
    pub(crate) fn headers(&self, body: &[u8]) -> [(&'static str, String); 3] {
        [
            ("Annals-Entry", FORMAT.to_owned()),
            ("Annals-Previous", format!("{} {}", self.position, self.hash)),
            ("Annals-Hash", sha256(&[&unhex(&self.hash), body])),
        ]
    }

    fn judge(&self, stored: &Stored) -> Membership {
        if stored.subject != SUBJECT {
            return Membership::Foreign("another subject");
        }
        let Some(previous) = stored.header("Annals-Previous") else {
            return Membership::Foreign("it does not say what it follows");
        };
        if let Some((position, _)) = self.skipped.iter().find(|(_, name)| name == previous) {
            return Membership::Fork(*position);
        }
        if previous != format!("{} {}", self.position, self.hash) {
            return Membership::Foreign("it follows something else");
        }
        match stored.header("Annals-Entry") {
            None => return Membership::Foreign("no format"),
            Some(FORMAT) => {}
            Some(other) => return Membership::Newer(other.to_owned()),
        }
        let hash = sha256(&[&unhex(&self.hash), &stored.body]);
        if stored.body.len() > MAX_BYTES {
            Membership::Foreign("too large")
        } else if stored.header("Annals-Hash") == Some(&hash) {
            Membership::Entry(hash)
        } else {
            Membership::Foreign("another hash than its own")
        }
    }

    fn skip(&mut self, stored: &Stored) {
        self.read = stored.position;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_hash = |text: &&str| text.len() == 64 && text.bytes().all(is_digit);
        if let Some(hash) = stored.header("Annals-Hash").filter(is_hash).filter(|_| stored.subject == SUBJECT)
        {
            self.skipped.push_back((stored.position, format!("{} {hash}", stored.position)));
            if self.skipped.len() > MAX_SKIPPED {
                self.skipped.pop_front();
            }
        }
    }
}

fn sha256(parts: &[&[u8]]) -> String {
    use std::fmt::Write;
    let digest = parts.iter().fold(Sha256::new(), Digest::chain_update).finalize();
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}

/// Of what [`sha256`] made.
fn unhex(hash: &str) -> Vec<u8> {
    let digit = |byte: u8| if byte < b'a' { byte - b'0' } else { byte - b'a' + 10 };
    hash.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        name: String,
        log_id: Uuid,
        messages: Vec<Message>,
        expected: Vec<Value>,
    }

    #[derive(Deserialize)]
    struct Message {
        position: u64,
        subject: String,
        headers: Vec<(String, String)>,
        body: String,
    }

    fn in_json(membership: &Membership, by: u64) -> Value {
        match membership {
            Membership::Entry(hash) => json!({ "entry": hash }),
            Membership::Foreign(_) => json!({ "foreign": true }),
            Membership::Redelivered => json!({ "redelivered": true }),
            Membership::Newer(format) => json!({ "stop": "newer", "position": by, "format": format }),
            Membership::Fork(position) => json!({ "stop": "fork", "position": position, "by": by }),
            Membership::Gap(from, to) => json!({ "stop": "gap", "from": from, "to": to }),
        }
    }

    #[test]
    fn the_vectors_that_all_readers_share_are_met() {
        let vectors = include_str!("../../../annals-core/vectors/membership.json");
        for case in serde_json::from_str::<Vec<Case>>(vectors).unwrap() {
            let mut chain = Chain::new(case.log_id);
            let met = case.messages.into_iter().map(|Message { position, subject, headers, body }| {
                let stored = Stored { position, subject, headers, body: body.into_bytes() };
                in_json(&chain.take(&stored), position)
            });
            assert_eq!(met.collect::<Vec<_>>(), case.expected, "{}", case.name);
        }
    }

    fn next(chain: &Chain, position: u64, body: &[u8]) -> Stored {
        let headers = chain.headers(body).map(|(name, value)| (name.to_owned(), value)).to_vec();
        Stored { position, subject: SUBJECT.to_owned(), headers, body: body.to_vec() }
    }

    #[test]
    fn what_is_larger_than_an_entry_may_be_is_foreign() {
        let (mut chain, body) = (Chain::new(Uuid::nil()), vec![b' '; MAX_BYTES + 1]);
        let too_large = next(&chain, 1, &body);
        assert_eq!(chain.take(&too_large), Membership::Foreign("too large"));
        let full = next(&chain, 2, &body[1..]);
        assert!(matches!(chain.take(&full), Membership::Entry(_)));
    }
}
