//! JSON, but not what a command takes.

use serde_json::json;
use uuid::Uuid;

use crate::row::Row;

const MISFIT: (u16, &str) = (400, "invalid-payload");

/// Types, ranges, missing and unknown fields, of every command.
pub fn rows(account: &Uuid) -> Vec<Row> {
    let give = |command: &str, body: &str| {
        Row::post(&format!("/v1/commands/account/{account}/{command}"), body, MISFIT.0, MISFIT.1)
    };
    let mut rows = Vec::new();
    for command in ["deposit", "withdraw"] {
        rows.extend(AMOUNTS.map(|amount| give(command, &format!("{{\"amount\":{amount}}}")).at("/amount")));
        rows.push(give(command, "").at("/amount"));
        rows.push(give(command, "{}").at("/amount"));
        rows.push(give(command, r#"{"Amount":1}"#).at("/Amount"));
        rows.push(give(command, r#"{"amount":1,"currency":"EUR"}"#).at("/currency"));
        rows.push(give(command, r#"{"amount":1,"a/b~c":1}"#).at("/a~1b~0c"));
    }
    for email in EMAILS {
        rows.push(give("open", &json!({ "owner_email": email }).to_string()).at("/owner_email"));
    }
    let long = format!("{}@example.com", "a".repeat(500));
    rows.push(give("open", &json!({ "owner_email": long }).to_string()).at("/owner_email"));
    for other in ["null", "1", "true", "[]", "{}", r#"["ada@example.com"]"#] {
        rows.push(give("open", &format!("{{\"owner_email\":{other}}}")).at("/owner_email"));
    }
    rows.push(give("open", "{}").at("/owner_email"));
    rows.push(give("close", r#"{"why":"a whim"}"#).at("/why"));
    for command in ["open", "deposit", "withdraw", "close"] {
        rows.extend(["null", "[]", "\"x\"", "1", "true"].map(|body| give(command, body).at("")));
    }
    rows.extend(through_the_door(account));
    rows
}

const AMOUNTS: [&str; 17] = [
    "0",
    "-1",
    "-0",
    "100000000001",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "340282366920938463463374607431768211456",
    "0.5",
    "1.0",
    "1e3",
    "\"5\"",
    "null",
    "true",
    "[1]",
    "{\"cents\":1}",
];

const EMAILS: [&str; 13] = [
    "",
    " ",
    "ada",
    "ada@",
    "@example.com",
    "a@b@example.com",
    "ada@example.com,bob@example.com",
    "ada@example.com\r\nBcc: bob@example.com",
    "ada\0@example.com",
    "ada @example.com",
    "Ada <ada@example.com>",
    "ada@exam\u{202e}ple.com",
    "'; drop table balances; --",
];

fn through_the_door(account: &Uuid) -> Vec<Row> {
    let door = |body: &str| Row::post("/v1/commands", body, MISFIT.0, MISFIT.1);
    let with = |members: &str| {
        door(&format!(r#"{{"command":"account.deposit","id":"{account}","data":{{"amount":1}},{members}}}"#))
    };
    let deposit =
        |data: &str| door(&format!(r#"{{"command":"account.deposit","id":"{account}","data":{data}}}"#));
    vec![
        door("").at("/command"),
        door("[]").at(""),
        door("null").at(""),
        door(r#"{"command":1}"#).at("/command"),
        door(r#"{"command":null}"#).at("/command"),
        door(r#"{"command":"deposit"}"#).at("/command"),
        door(r#"{"command":"account.open","colour":"red"}"#).at("/colour"),
        deposit("null").at("/data"),
        deposit("[]").at("/data"),
        deposit("{}").at("/data/amount"),
        deposit(r#"{"amount":"1"}"#).at("/data/amount"),
        with(r#""metadata":null"#).at("/metadata"),
        with(r#""metadata":[]"#).at("/metadata"),
        with(r#""metadata":"x""#).at("/metadata"),
        with(r#""metadata":{"who":{"name":"Ada"}}"#).at("/metadata/who"),
        with(r#""metadata":{"who":["Ada"]}"#).at("/metadata/who"),
        with(&format!(r#""metadata":{{"who":"{}"}}"#, "x".repeat(4096))).at("/metadata"),
        with(r#""meta":{}"#).at("/meta"),
    ]
}
