//! Routes that are none, methods that are wrong, ids that are no ids.

use uuid::Uuid;

use crate::row::Row;

/// Paths and methods.
pub fn rows(account: &Uuid) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(NOWHERE.map(|path| Row::get(path, 404, "not-found")));
    rows.push(Row::get(&format!("/v1/streams/account/{account}/"), 404, "not-found"));
    rows.push(Row::get(&format!("/v1/streams/account/{account}/../{account}"), 404, "not-found"));
    rows.push(Row::get(&format!("/v1/streams/account/{}", Uuid::new_v4()), 404, "not-found"));
    rows.push(Row::get(&format!("/v1/streams/account/{}/state", Uuid::nil()), 404, "not-found"));
    rows.push(Row::get(&format!("/{}", "x".repeat(8000)), 414, "uri-too-long"));
    rows.push(Row::get(&format!("/{}", "x".repeat(65_000)), 414, "uri-too-long"));
    rows.push(Row::get(&format!("/{}", "x".repeat(200_000)), 431, "head-too-large"));

    for id in bad_ids(account) {
        rows.push(Row::get(&format!("/v1/events/{id}"), 400, "invalid-id"));
        rows.push(Row::get(&format!("/v1/streams/account/{id}"), 400, "invalid-id"));
        rows.push(Row::get(&format!("/v1/streams/account/{id}/state"), 400, "invalid-id"));
        let command = format!("/v1/commands/account/{id}/deposit");
        rows.push(Row::post(&command, r#"{"amount":1}"#, 400, "invalid-id"));
    }
    let door = |id: &str| {
        let body = format!(r#"{{"command":"account.deposit","id":{id},"data":{{"amount":1}}}}"#);
        Row::post("/v1/commands", body, 400, "invalid-id")
    };
    rows.extend(["null", "7", "\"\"", "[]", "\"account\""].map(door));
    rows.push(Row::post(
        "/v1/commands",
        r#"{"command":"account.deposit","data":{"amount":1}}"#,
        400,
        "invalid-id",
    ));

    for category in ["sofa", "Account", "accounts", "account.x", "*", "%3E", "account%00", "%F0%9F%90%A2"] {
        rows.push(Row::get(&format!("/v1/streams/{category}"), 404, "unknown-category"));
        rows.push(Row::get(&format!("/v1/streams/{category}/{account}"), 404, "unknown-category"));
        let command = format!("/v1/commands/{category}/{account}/deposit");
        rows.push(Row::post(&command, r#"{"amount":1}"#, 404, "unknown-category"));
    }
    for command in ["Deposit", "deposit%20", "pay-in", "%2e%2e", "%00", "*"] {
        let command = format!("/v1/commands/account/{account}/{command}");
        rows.push(Row::post(&command, r#"{"amount":1}"#, 404, "unknown-command"));
    }
    let internal = format!("/v1/commands/notification/{account}/request");
    rows.push(Row::post(&internal, "{}", 404, "unknown-command"));
    for view in ["sofas", "Balances", "balances%00", "_checkpoint", "%2e%2e%2fbalances", "sqlite_master"] {
        rows.push(Row::get(&format!("/v1/views/{view}"), 404, "unknown-view"));
        rows.push(Row::get(&format!("/v1/views/{view}/{account}"), 404, "unknown-view"));
    }
    for reactor in ["farewell", "Welcome", "welcome%00", "%2e%2e", "*", "%3E", "%ff", "%F0%9F%90%A2"] {
        rows.push(Row::get(&format!("/v1/reactors/{reactor}"), 404, "not-found"));
    }
    for key in ["x", "%00", "'%20or%201=1", "%2f", "*", "%F0%9F%90%A2", "%ff"] {
        rows.push(Row::get(&format!("/v1/views/balances/{key}"), 404, "not-found"));
        rows.push(Row::get(&format!("/v1/views/statements/{account}:{key}"), 404, "not-found"));
    }
    rows.push(Row::get(&format!("/v1/views/statements/{account}"), 404, "not-found"));
    rows.push(Row::get(&format!("/v1/views/statements/{account}:99999999999999999999"), 404, "not-found"));
    rows.extend(wrong_methods(account));
    rows
}

const NOWHERE: [&str; 17] = [
    "/problems",
    "//",
    "/v1",
    "/v1/",
    "/v2/events",
    "/V1/events",
    "/v1/events/",
    "/v1/views/",
    "/v1/views/balances/a/b",
    "/v1/reactors/",
    "/v1/reactors/welcome/x",
    "/v1/streams",
    "/v1/../v1/events",
    "/v1//events",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/v1/events%00",
    "/%",
];

fn bad_ids(account: &Uuid) -> Vec<String> {
    let simple = account.simple().to_string();
    let mut ids = vec![
        format!("%7B{account}%7D"),
        account.urn().to_string(),
        format!("{account}0"),
        format!("{account}%20"),
        format!("{account}%00"),
        account.to_string()[..35].to_owned(),
        account.to_string().replace('-', "_"),
        format!("{}----", &simple),
        simple,
    ];
    ids.extend(
        ["0", "*", "%3E", "%ff", "%2e%2e", "x.y", "00000000-0000-0000-0000-00000000000g"].map(Into::into),
    );
    ids
}

fn wrong_methods(account: &Uuid) -> Vec<Row> {
    let stream = format!("/v1/streams/account/{account}");
    let command = format!("/v1/commands/account/{account}/deposit");
    let row = format!("/v1/views/balances/{account}");
    let state = format!("{stream}/state");
    let reads = [
        "/v1/views",
        "/v1/views/balances",
        &row,
        "/v1/reactors",
        "/v1/reactors/welcome",
        &stream,
        &state,
        "/v1/events",
        "/v1/catalog",
        "/livez",
        "/readyz",
        "/metrics",
    ];
    let mut rows = Vec::new();
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "FROB"] {
        rows.extend(reads.map(|path| Row::request(method, path, 405, "method-not-allowed")));
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post"] {
        rows.extend(
            ["/v1/commands", &command].map(|path| Row::request(method, path, 405, "method-not-allowed")),
        );
    }
    rows
}
