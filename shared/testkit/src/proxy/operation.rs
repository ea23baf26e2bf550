//! What clients and nats-server say to each other, one operation at a time.

use std::io;

use serde::{Deserialize, de::IgnoredAny};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The operations that carry bytes behind their line, which ends with how many.
const CARRIERS: [&[u8]; 4] = [b"PUB ", b"HPUB ", b"MSG ", b"HMSG "];

/// One message of an atomic batch, on its way to the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub subject: String,
    /// Counts from 1.
    pub number: u64,
    /// Whether the batch ends with it.
    pub commits: bool,
}

/// What JetStream says of one commit that is stored, or of an atomic batch of them.
#[derive(Debug, Deserialize)]
pub(super) struct Acknowledgement {
    stream: String,
    #[serde(rename = "seq")]
    _position: u64, // what has none is no acknowledgement
    error: Option<IgnoredAny>,
    /// The batch, if it is one.
    pub batch: Option<String>,
    /// How many commits.
    #[serde(default = "one")]
    pub count: u64,
}

fn one() -> u64 {
    1
}

/// The next operation: a line, and the bytes that it says.
pub(super) async fn next(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut operation = Vec::new();
    if from.read_until(b'\n', &mut operation).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if CARRIERS.iter().any(|carrier| operation.starts_with(carrier)) {
        let line = String::from_utf8_lossy(&operation).into_owned();
        let size = line.split_whitespace().last().and_then(|size| size.parse::<usize>().ok());
        let line = operation.len();
        operation.resize(line + size.expect("it ends with its size") + 2, 0);
        from.read_exact(&mut operation[line..]).await?;
    }
    Ok(operation)
}

/// Reads a message of a batch; none if it is something else.
pub(super) fn member(operation: &[u8]) -> Option<Member> {
    let end = operation.iter().position(|byte| *byte == b'\n')?;
    let line = str::from_utf8(&operation[..end]).ok()?;
    let (subject, sizes) = line.strip_prefix("HPUB ")?.split_once(' ')?;
    let size: usize = sizes.split_whitespace().rev().nth(1)?.parse().ok()?;
    let headers = str::from_utf8(operation.get(end + 1..=end + size)?).ok()?;
    let value = |name| headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(Member {
        subject: subject.to_owned(),
        number: value("Nats-Batch-Sequence")?.parse().ok()?,
        commits: value("Nats-Batch-Commit").is_some(),
    })
}

/// Reads what JetStream says of commits that are stored; none if it says something else.
pub(super) fn acknowledgement(operation: &[u8]) -> Option<Acknowledgement> {
    let payload = operation.strip_prefix(b"MSG ")?.splitn(2, |byte| *byte == b'\n').nth(1)?;
    let said: Acknowledgement = serde_json::from_slice(payload).ok()?;
    (said.stream == "EVENTS" && said.error.is_none()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_commits_are_stored_is_an_acknowledgement() {
        for (payload, commits) in [
            ("{\"stream\":\"EVENTS\", \"seq\":7}", Some((1, false))),
            ("{\"stream\":\"EVENTS\",\"seq\":7,\"batch\":\"b\",\"count\":3}", Some((3, true))),
            ("{\"error\":{\"code\":400},\"stream\":\"EVENTS\",\"seq\":0}", None),
            ("{\"stream\":\"OTHER\",\"seq\":7}", None),
            ("{\"stream\":\"EVENTS\"}", None),
        ] {
            let operation = format!("MSG _INBOX.a.b 1 {}\r\n{payload}\r\n", payload.len());
            let said = acknowledgement(operation.as_bytes());
            assert_eq!(said.map(|said| (said.count, said.batch.is_some())), commits, "{payload}");
        }
        assert!(acknowledgement(b"PING\r\n").is_none());
    }

    #[test]
    fn a_message_of_a_batch_is_told_from_others() {
        let headers = "NATS/1.0\r\nNats-Batch-Id: b\r\nNats-Batch-Sequence: 3\r\n\r\n";
        let publish = |headers: &str, reply| {
            let size = headers.len();
            member(format!("HPUB events.a.1 {reply}{size} {}\r\n{headers}hi\r\n", size + 2).as_bytes())
        };
        let told = |commits| Some(Member { subject: "events.a.1".into(), number: 3, commits });
        assert_eq!(publish(headers, ""), told(false));
        let last = headers.replace("\r\n\r\n", "\r\nNats-Batch-Commit: 1\r\n\r\n");
        assert_eq!(publish(&last, "_INBOX.a "), told(true));
        assert_eq!(publish("NATS/1.0\r\nNats-Msg-Id: b\r\n\r\n", ""), None);
        assert_eq!(member(b"PUB events.a.1 2\r\nhi\r\n"), None);
    }

    #[tokio::test]
    async fn operations_are_told_apart_whatever_they_carry() {
        let mut said = &b"PING\r\nPUB a 6\r\nPING\r\n\r\nHPUB a b 2 4\r\nabcd\r\nPONG\r\n"[..];
        for expected in ["PING\r\n", "PUB a 6\r\nPING\r\n\r\n", "HPUB a b 2 4\r\nabcd\r\n", "PONG\r\n"] {
            assert_eq!(next(&mut said).await.unwrap(), expected.as_bytes());
        }
        assert!(next(&mut said).await.is_err());
    }
}
