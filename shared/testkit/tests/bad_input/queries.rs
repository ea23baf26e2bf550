//! Query parameters that mean nothing.

use uuid::Uuid;

use crate::row::Row;

/// Parameters of every route.
pub fn rows(account: &Uuid) -> Vec<Row> {
    let stream = format!("/v1/streams/account/{account}");
    let refused = |path: &str, query: &str| Row::get(&format!("{path}?{query}"), 400, "invalid-query");
    let mut rows = Vec::new();
    for limit in LIMITS {
        for path in ["/v1/events", "/v1/views/balances", &stream] {
            rows.push(refused(path, &format!("limit={limit}")));
        }
    }
    for address in ["-1", "1.", ".5", "1.5.1", "1e3", "", "abc", "0x1", "18446744073709551616", "%EF%BC%91"] {
        rows.push(refused("/v1/events", &format!("after={address}")));
    }
    for number in ["-1", "1.5", "1e3", "", "abc", "0x1", "18446744073709551616", "%EF%BC%91"] {
        rows.push(refused("/v1/events", &format!("until={number}")));
        rows.push(refused(&stream, &format!("after={number}")));
        rows.push(refused(&format!("{stream}/state"), &format!("version={number}")));
    }
    for time in TIMES {
        rows.push(refused(&stream, &format!("since={time}")));
        rows.push(refused(&format!("{stream}/state"), &format!("at={time}")));
    }
    for cursor in CURSORS {
        rows.push(refused("/v1/views/statements", &format!("cursor={cursor}")));
    }
    for (path, query) in [
        ("/v1/events", "colour=red"),
        ("/v1/events", "After=1"),
        ("/v1/events", "after=1&after=1"),
        ("/v1/events", "after=%ff"),
        ("/v1/events", "%ff=1"),
        ("/v1/events", "=1"),
        ("/v1/events", "correlation_id=7"),
        ("/v1/events", "correlation_id="),
        ("/v1/events", "causation_id=7"),
        ("/v1/events", "category=sofa"),
        ("/v1/events", "type=SofaSold"),
        ("/v1/events", "since=now"),
        ("/v1/streams/account", "limit=0"),
        ("/v1/streams/account", "after=1"),
        ("/v1/streams/account", "cursor=%00"),
        ("/v1/views", "limit=1"),
        ("/v1/catalog", "category=account"),
        ("/v1/views/balances", "balance=1"),
        ("/v1/views/balances", "owner=ada"),
        ("/v1/views/balances", "owner_email=a&owner_email=b"),
        ("/v1/views/balances", "owner_email%20=%27or%271"),
        ("/v1/views/statements", "account_id=7"),
        ("/v1/views/statements", "account_id=%00"),
        ("/v1/views/statements", "rowid=1"),
        ("/v1/reactors", "state=live"),
        ("/v1/reactors/welcome", "wait=1"),
    ] {
        rows.push(refused(path, query));
    }
    rows.push(refused(&format!("/v1/views/balances/{account}"), "limit=1"));
    rows.push(refused(&format!("{stream}/state"), "version=1&at=2026-11-21T09:30:00Z"));
    let command = format!("/v1/commands/account/{account}/deposit?amount=1");
    rows.push(Row::post(&command, r#"{"amount":1}"#, 400, "invalid-query"));
    rows.push(Row::post("/v1/commands?dry=1", "{}", 400, "invalid-query"));
    rows
}

const LIMITS: [&str; 11] =
    ["0", "501", "-1", "", "abc", "%2B5", "5.0", "1e2", "0x10", "4294967297", "%EF%BC%95"];

const TIMES: [&str; 9] = [
    "",
    "now",
    "1795253400",
    "2026-11-21",
    "2026-11-21T09:30:00",
    "2026-02-30T09:30:00Z",
    "2026-11-21T25:00:00Z",
    "2026-11-21T09:30:00%2B99:00",
    "21.11.2026%2009:30Z",
];

/// Not base64url, not JSON, not an array, of another view, of other types, too short, too long.
const CURSORS: [&str; 9] = [
    "",
    "x",
    "%00",
    "%F0%9F%90%A2",
    "eyJhIjoxfQ",
    "WyJiYWxhbmNlc0AxIiwieCIsMV0",
    "WyJzdGF0ZW1lbnRzQDEiLDEsMV0",
    "WyJzdGF0ZW1lbnRzQDEiLCJ4Il0",
    "WyJzdGF0ZW1lbnRzQDEiLCJ4IiwxLDFd",
];
