//! Not JSON, or not read as such.

use uuid::Uuid;

use crate::row::Row;

/// Bodies, whatever they say.
pub fn rows(account: &Uuid) -> Vec<Row> {
    let path = format!("/v1/commands/account/{account}/deposit");
    let malformed = |body: &[u8]| Row::post(&path, body, 400, "malformed-json");
    let deep = |depth: usize| format!("{{\"amount\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    let large = |size: usize| format!("{{\"amount\":\"{}\"}}", "1".repeat(size)).into_bytes();

    let mut rows: Vec<_> = MALFORMED.iter().map(|body| malformed(body)).collect();
    rows.extend([200, 100_000].map(|depth| malformed(deep(depth).as_bytes())));
    rows.push(malformed(&large(1000)[..500]));
    rows.extend([256 * 1024, 10_000_000].map(|size| Row::post(&path, large(size), 413, "payload-too-large")));

    let fits = br#"{"amount":1}"#;
    let typed = |lines: &[&str]| {
        let row = Row::request("POST", &path, 415, "unsupported-media-type");
        lines.iter().fold(row, Row::header).body(fits)
    };
    rows.push(typed(&[]));
    rows.extend(OTHER_TYPES.map(|kind| typed(&[&format!("content-type: {kind}")])));
    rows.extend(
        ["gzip", "br", "identity, gzip"]
            .map(|coding| typed(&["content-type: application/json", &format!("content-encoding: {coding}")])),
    );
    rows
}

const MALFORMED: [&[u8]; 32] = [
    b"{",
    b"}",
    b" ",
    b"amount=1",
    b"{\"amount\":1,}",
    b"{'amount':1}",
    b"{amount:1}",
    b"{\"amount\" 1}",
    b"{\"amount\":}",
    b"{\"amount\":1}}",
    b"{\"amount\":1}{\"amount\":1}",
    b"{\"amount\":1} x",
    b"// one cent\n{\"amount\":1}",
    b"{\"amount\":1/* cent */}",
    b"{\"amount\":NaN}",
    b"{\"amount\":Infinity}",
    b"{\"amount\":-}",
    b"{\"amount\":01}",
    b"{\"amount\":+1}",
    b"{\"amount\":.5}",
    b"{\"amount\":1.}",
    b"{\"amount\":0x10}",
    b"{\"amount\":1e400}",
    b"{\"amount\":1,\"amount\":1}",
    b"{\"amount\":1,\"amoun\\u0074\":2}",
    b"{\"amount\":\"\\ud800\"}",
    b"{\"amount\":\"\\x31\"}",
    b"{\"amount\":\"1\n\"}",
    b"{\"amount\":\"\xff\"}",
    b"{\"amount\":\"\xc0\xaf\"}",
    b"\xef\xbb\xbf{\"amount\":1}",
    b"{\0\"\0a\0\"\0:\x001\0}\0",
];

const OTHER_TYPES: [&str; 8] = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/problem+json",
    "application/json; charset=latin1",
    "application/json, application/json",
    "*/*",
];
