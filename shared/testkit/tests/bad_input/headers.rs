//! Headers that cannot be understood.

use uuid::Uuid;

use crate::row::Row;

/// Headers of every kind of request.
pub fn rows(account: &Uuid) -> Vec<Row> {
    let path = format!("/v1/commands/account/{account}/deposit");
    let deposit = |line: &[u8]| Row::post(&path, r#"{"amount":1}"#, 400, "invalid-header").header(line);
    let read = |line: &str| Row::get("/v1/views/balances", 400, "invalid-header").header(line);

    let mut rows: Vec<_> = COMMANDS.iter().map(|line| deposit(line)).collect();
    rows.push(deposit(format!("idempotency-key: {}", "k".repeat(256)).as_bytes()));
    rows.push(deposit(b"idempotency-key: a").header("idempotency-key: a"));
    rows.push(deposit(b"if-match: \"1\"").header("if-match: \"1\""));
    rows.push(deposit(b"if-match: \"1\"").header("if-none-match: *"));
    rows.push(deposit(b"content-type: application/json"));
    for position in
        ["", "-1", "+1", "1.5", "soon", "0x1", "18446744073709551616", "18446744073709551615", "999999"]
    {
        rows.push(read(&format!("annals-min-position: {position}")));
        let reactor = Row::get("/v1/reactors/welcome", 400, "invalid-header");
        rows.push(reactor.header(format!("annals-min-position: {position}")));
    }
    rows.push(read("annals-min-position: 1").header("annals-min-position: 1"));
    for accept in
        ["text/html", "application/xml", "image/*", "application/json;q=0", "json", "text/event-stream;q=0"]
    {
        let line = format!("accept: {accept}");
        rows.push(Row::get("/v1/views", 406, "not-acceptable").header(&line));
        rows.push(Row::post(&path, r#"{"amount":1}"#, 406, "not-acceptable").header(&line));
    }
    let mismatch = |line: &str| Row::post(&path, r#"{"amount":1}"#, 412, "version-mismatch").header(line);
    rows.extend(["if-match: \"0\"", "if-match: \"99999999999999999999\"", "if-none-match: *"].map(mismatch));
    rows
}

const COMMANDS: [&[u8]; 27] = [
    b"if-match: 2",
    b"if-match: *",
    b"if-match: W/\"2\"",
    b"if-match: \"2",
    b"if-match: \"\"",
    b"if-match: \"two\"",
    b"if-match: \"-2\"",
    b"if-match: \"+2\"",
    b"if-match: \"2.0\"",
    b"if-match: \"1\", \"2\"",
    b"if-match: '2'",
    b"if-match:",
    b"if-match: \"\xef\xbc\x92\"",
    b"if-none-match: \"2\"",
    b"if-none-match: **",
    b"if-none-match:",
    b"idempotency-key:",
    b"idempotency-key: \"\"",
    b"idempotency-key: \"half",
    b"idempotency-key: two words",
    b"idempotency-key: t\tb",
    b"idempotency-key: \xff\xfe",
    b"idempotency-key: k\xc3\xa9y",
    b"x-correlation-id: 7",
    b"x-correlation-id:",
    b"x-correlation-id: {0190a5c5-7b1e-7c1a-9c5b-1a2b3c4d5e6f}",
    b"x-correlation-id: 0190a5c57b1e7c1a9c5b1a2b3c4d5e6f",
];
