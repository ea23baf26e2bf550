//! What clients and nats-server say to each other, one operation at a time.

use std::io;

use serde::{Deserialize, de::IgnoredAny};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The operations that carry bytes behind their line, which ends with how many.
const CARRIERS: [&[u8]; 4] = [b"PUB ", b"HPUB ", b"MSG ", b"HMSG "];

/// An entry of the log on its way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// How many commits it holds.
    pub commits: u64,
}

/// What JetStream says of an entry that is stored.
#[derive(Debug, Deserialize)]
struct Acknowledgement {
    stream: String,
    #[serde(rename = "seq")]
    _position: u64, // what has none is no acknowledgement
    error: Option<IgnoredAny>,
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

/// Reads an entry; none if it is something else.
pub(super) fn entry(operation: &[u8]) -> Option<Entry> {
    let end = operation.iter().position(|byte| *byte == b'\n')?;
    let line = str::from_utf8(&operation[..end]).ok()?;
    let (_, sizes) = line.strip_prefix("HPUB ")?.split_once(' ').filter(|(to, _)| *to == "events.main")?;
    let size: usize = sizes.split_whitespace().rev().nth(1)?.parse().ok()?;
    let headers = str::from_utf8(operation.get(end + 1..=end + size)?).ok()?;
    let commits = headers.lines().find_map(|line| line.strip_prefix("Annals-Commits: "));
    Some(Entry { commits: commits?.trim_end().parse().ok()? })
}

/// Whether JetStream says that an entry is stored.
pub(super) fn is_acknowledgement(operation: &[u8]) -> bool {
    let payload =
        operation.strip_prefix(b"MSG ").and_then(|rest| rest.splitn(2, |byte| *byte == b'\n').nth(1));
    let said = payload.and_then(|payload| serde_json::from_slice::<Acknowledgement>(payload).ok());
    said.is_some_and(|said| said.stream == "EVENTS" && said.error.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_an_entry_is_stored_is_an_acknowledgement() {
        for (payload, is_one) in [
            ("{\"stream\":\"EVENTS\", \"seq\":7}", true),
            ("{\"stream\":\"EVENTS\",\"seq\":7,\"duplicate\":true}", true),
            ("{\"error\":{\"code\":400},\"stream\":\"EVENTS\",\"seq\":0}", false),
            ("{\"stream\":\"OTHER\",\"seq\":7}", false),
            ("{\"stream\":\"EVENTS\"}", false),
        ] {
            let operation = format!("MSG _INBOX.a.b 1 {}\r\n{payload}\r\n", payload.len());
            assert_eq!(is_acknowledgement(operation.as_bytes()), is_one, "{payload}");
        }
        assert!(!is_acknowledgement(b"PING\r\n"));
    }

    #[test]
    fn an_entry_is_told_from_other_messages() {
        let publish = |subject: &str, headers: &str| {
            let size = headers.len();
            let line = format!("HPUB {subject} _INBOX.a {size} {}", size + 2);
            entry(format!("{line}\r\n{headers}[]\r\n").as_bytes())
        };
        let headers = "NATS/1.0\r\nAnnals-Entry: 1\r\nAnnals-Commits: 3\r\n\r\n";
        assert_eq!(publish("events.main", headers), Some(Entry { commits: 3 }));
        assert_eq!(publish("events.other", headers), None);
        assert_eq!(publish("events.main", "NATS/1.0\r\nNats-Msg-Id: b\r\n\r\n"), None);
        assert_eq!(entry(b"PUB events.main 2\r\nhi\r\n"), None);
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
