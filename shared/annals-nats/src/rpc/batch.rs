//! Requests that wait together travel together, in one message; so do their answers.
//!
//! A message is lines: `{number} {deadline} {JSON}` for requests, `{number} {JSON}` for answers. JSON as it is
//! written here has no line breaks. The deadline is in microseconds since 1970, by the clock of the sender.

use bytes::Bytes;
use jiff::Timestamp;

/// The most that one message takes, with others than its first line in it: what the server takes in one message,
/// with room for headers and numbers.
pub(super) const MAX_BYTES: usize = 960 * 1024;

/// A request as it travels.
pub(super) struct Line {
    /// The sender's own number for it.
    pub number: u64,
    /// None in an answer.
    pub deadline: Option<Timestamp>,
    pub json: Bytes,
}

/// Adds a request.
pub(super) fn push_request(message: &mut Vec<u8>, number: u64, deadline: Timestamp, json: &[u8]) {
    message.extend_from_slice(format!("{number} {} ", deadline.as_microsecond()).as_bytes());
    message.extend_from_slice(json);
    message.push(b'\n');
}

/// Adds an answer.
pub(super) fn push_answer(message: &mut Vec<u8>, number: u64, json: &[u8]) {
    message.extend_from_slice(format!("{number} ").as_bytes());
    message.extend_from_slice(json);
    message.push(b'\n');
}

/// The requests of a message. A line that is none is left out.
pub(super) fn requests(message: &Bytes) -> impl Iterator<Item = Line> + '_ {
    lines(message).filter_map(|line| {
        let (number, line) = number(&line)?;
        let (deadline, json) = self::number(&line)?;
        let deadline = Timestamp::from_microsecond(i64::try_from(deadline).ok()?).ok()?;
        Some(Line { number, deadline: Some(deadline), json })
    })
}

/// The answers of a message.
pub(super) fn answers(message: &Bytes) -> impl Iterator<Item = Line> + '_ {
    lines(message).filter_map(|line| {
        let (number, json) = number(&line)?;
        Some(Line { number, deadline: None, json })
    })
}

fn lines(message: &Bytes) -> impl Iterator<Item = Bytes> + '_ {
    message.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| message.slice_ref(line))
}

fn number(line: &Bytes) -> Option<(u64, Bytes)> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let number = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
    Some((number, line.slice(space + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_come_as_they_went() {
        let deadline = Timestamp::from_microsecond(1_795_253_400_123_456).unwrap();
        let mut message = Vec::new();
        push_request(&mut message, 7, deadline, br#"{"a": "b c"}"#);
        push_request(&mut message, 8, deadline, b"{}");
        let message = Bytes::from(message);
        let read: Vec<_> = requests(&message).map(|it| (it.number, it.deadline, it.json)).collect();
        assert_eq!(read[0], (7, Some(deadline), Bytes::from_static(br#"{"a": "b c"}"#)));
        assert_eq!(read[1], (8, Some(deadline), Bytes::from_static(b"{}")));

        let mut message = Vec::new();
        push_answer(&mut message, 7, b"[1, 2]");
        let message = Bytes::from(message);
        let read: Vec<_> = answers(&message).map(|it| (it.number, it.json)).collect();
        assert_eq!(read, [(7, Bytes::from_static(b"[1, 2]"))]);
    }

    #[test]
    fn what_is_no_request_is_left_out() {
        let message = Bytes::from_static(b"\nnonsense\n1\n1 2\n-1 5 {}\n3 x {}\n");
        assert_eq!(requests(&message).count(), 0);
    }
}
