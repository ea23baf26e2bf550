//! Whether the views show what the log says.

use std::time::Duration;

use serde_json::Value;

use super::{Violations, fold::Fold};
use crate::{Client, eventually_within};

/// How long a view may take to come to the log's end.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) async fn compare(client: &Client, fold: &Fold, violations: &mut Violations) {
    same("balances", client, fold.entries.position(), fold.accounts.balances(), violations).await;
    same("statements", client, fold.entries.position(), fold.accounts.statements(), violations).await;
    same("transfers", client, fold.entries.position(), fold.transfers.rows(), violations).await;
}

/// All pages of a view, row by row.
async fn same(
    view: &str,
    client: &Client,
    position: u64,
    mut expected: impl Iterator<Item = Value>,
    violations: &mut Violations,
) {
    let mut query = "limit=500".to_owned();
    loop {
        let page = page(client, &format!("/v1/views/{view}?{query}"), position).await;
        for row in page["rows"].as_array().expect("a page has rows") {
            let wanted = expected.next();
            violations
                .unless(wanted.as_ref() == Some(row), || format!("{view}: {row} instead of {wanted:?}"));
        }
        match page["next"].as_str() {
            Some(cursor) => query = format!("limit=500&cursor={cursor}"),
            None => break,
        }
    }
    let missing = expected.count();
    violations.unless(missing == 0, || format!("{view}: the last {missing} rows are missing"));
}

async fn page(client: &Client, path: &str, position: u64) -> Value {
    eventually_within(PATIENCE, "the view has come to the log's end", async || {
        let call = client.get(path).header("Annals-Min-Position", &position.to_string());
        let answer = call.header("Prefer", "wait=30").await;
        (answer.status != 503).then(|| answer.accepted())
    })
    .await
}
