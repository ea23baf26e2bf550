//! Bytes that are no HTTP/1.1 request, or a dangerous one.

use uuid::Uuid;

use crate::row::Row;

/// What comes over the wire.
pub fn rows(account: &Uuid) -> Vec<Row> {
    let mut rows: Vec<_> = MALFORMED.iter().map(|bytes| Row::raw(bytes, 400, "malformed-request")).collect();
    let garbage: Vec<u8> = (0..=255).chain([13, 10, 13, 10]).collect();
    rows.push(Row::raw(garbage, 400, "malformed-request"));

    let closing = "connection: close\r\n\r\n";
    for host in
        ["", "host: a\r\nhost: b\r\n", "host: a b\r\n", "host: ada@example.com\r\n", "host: http://a/\r\n"]
    {
        let request = format!("GET /v1/events HTTP/1.1\r\n{host}{closing}");
        rows.push(Row::raw(request, 400, "invalid-header"));
    }
    let get = |status, code| Row::get("/v1/views", status, code);
    let many = |count| (0..count).map(|index| format!("x-{index}: y")).collect::<Vec<_>>().join("\r\n");
    rows.push(get(431, "head-too-large").header(many(101)));
    rows.push(get(431, "head-too-large").header(many(5000)));
    rows.push(get(431, "head-too-large").header(format!("x: {}", "y".repeat(100_000))));
    rows.push(get(431, "head-too-large").header(format!("{}: x", "y".repeat(70_000))));
    for begin in ["CONNECT localhost:1", "GET nowhere", "GET nowhere:80"] {
        let request = format!("{begin} HTTP/1.1\r\nhost: a\r\n{closing}");
        rows.push(Row::raw(request, 400, "malformed-request"));
    }
    rows.push(Row::raw(format!("OPTIONS * HTTP/1.1\r\nhost: a\r\n{closing}"), 404, "not-found"));
    rows.push(Row::raw(format!("GET http://a/nowhere HTTP/1.1\r\nhost: a\r\n{closing}"), 404, "not-found"));
    rows.push(Row::raw(format!("GET /nowhere HTTP/1.0\r\n{closing}"), 404, "not-found"));

    let post = format!(
        "POST /v1/commands/account/{account}/deposit HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    );
    for chunks in [
        "x\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n",
        "2\r\n{}xx\r\n0\r\n\r\n",
    ] {
        let request = format!("{post}transfer-encoding: chunked\r\n{closing}{chunks}");
        rows.push(Row::raw(request, 400, "malformed-json"));
    }
    let both = format!(
        "{post}content-length: 3\r\ntransfer-encoding: chunked\r\n{closing}0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n"
    );
    rows.push(Row::raw(both, 400, "invalid-payload"));
    for framing in [
        "content-length: -1",
        "content-length: +2",
        "content-length: 2, 3",
        "content-length: 2\r\ncontent-length: 3",
        "content-length: 99999999999999999999",
        "content-length: two",
        "content-length:",
        "transfer-encoding: gzip",
        "transfer-encoding: chunked, gzip",
    ] {
        rows.push(Row::raw(format!("{post}{framing}\r\n{closing}{{}}"), 400, "malformed-request"));
    }
    let endless = format!("{post}content-length: 18446744073709551613\r\n{closing}{{}}");
    rows.push(Row::raw(endless, 413, "payload-too-large"));
    rows
}

const MALFORMED: [&[u8]; 17] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a client's hello",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/2\r\n\r\n",
    b"GET / HTTP/1.7\r\n\r\n",
    b"GET / HTTP\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET  HTTP/1.1\r\n\r\n",
    b"GET /a b HTTP/1.1\r\n\r\n",
    b"GET /\0 HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /\x7f HTTP/1.1\r\nhost: a\r\n\r\n",
    b"G\xc3\x89T / HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost : a\r\n\r\n",
    b"GET / HTTP/1.1\r\n: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\0b\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"EHLO annals.example\r\n\r\n",
];
