//! Fills a log with accounts: the same entries as a command service writes, only faster.

use std::{iter, ops::Range};

use annals_core::{
    Category,
    log::{Draft, EntryBody, Head, Log},
};
use annals_domains::account::Account as Rules;
use anyhow::{Context, ensure};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use uuid::Uuid;

use super::account::Account;

/// Commits in one entry, as there are in those of a busy service.
const COMMITS: usize = 128;

/// The id of the account of that number. As scattered as drawn ids, and the same in every run.
pub(crate) fn id(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes())
}

/// Gives each of the accounts so many events: it is opened, and then money comes in. They take turns, so
/// that the events of one account lie all over the log, which has to be empty.
///
/// # Errors
/// When the log does not take them, or is not empty.
pub(crate) async fn seed(
    log: &impl Log,
    accounts: Range<u64>,
    events_each: usize,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let category = Category::of::<Rules>();
    let mut accounts: Vec<_> = accounts.map(|number| Account::blank(&category, id(number))).collect();
    let open = ("open", json!({ "owner_email": "ada@example.com" }));
    let deposit = ("deposit", json!({ "amount": 1 }));
    let mut head = Head::start(log.id());
    for command in iter::once(&open).chain(iter::repeat(&deposit)).take(events_each) {
        for accounts in accounts.chunks_mut(COMMITS) {
            head = append(log, &category, accounts, command, head).await?;
            progress.inc(accounts.len() as u64);
        }
    }
    Ok(())
}

/// One entry, in which each of these accounts carries out a command.
async fn append(
    log: &impl Log,
    category: &Category,
    accounts: &mut [Account],
    (command, data): &(&str, Value),
    head: Head,
) -> anyhow::Result<Head> {
    let mut body = EntryBody::new();
    for account in accounts {
        let commit = [account.next(category, command, data)?];
        let places = body.push(&commit)?.context("so many small commits fit into an entry")?;
        let [commit] = commit;
        account.fold(category, head.position + 1, places[0], commit)?;
    }
    let draft = Draft::new(Uuid::now_v7(), head, body);
    let position = log.append(&draft, head.position).await?;
    ensure!(position == head.position + 1, "something else writes to the log");
    Ok(draft.head(position))
}

#[cfg(test)]
mod tests {
    use annals_command::Executor;
    use annals_core::{StreamId, bus::Expected, log::MemoryLog};
    use tempfile::TempDir;

    use super::*;
    use crate::bench::workload::{CATEGORY, request};

    #[tokio::test]
    async fn a_command_service_goes_on_from_what_was_seeded() {
        let log = MemoryLog::new(Uuid::new_v4());
        seed(&log, 0..200, 4, &ProgressBar::hidden()).await.unwrap();
        assert_eq!(log.end().await.unwrap(), 4 * 2);

        let state = TempDir::new().unwrap();
        let catalog = annals_domains::catalog();
        let (executor, mut running) = Executor::start(log, catalog, state.path(), 100_000).await.unwrap();
        let mut withdraw = request(StreamId::new(CATEGORY, id(199)), "withdraw", json!({ "amount": 3 }));
        withdraw.expected = Expected::Version(4);
        let accepted = executor.execute(withdraw).await.unwrap();
        assert_eq!(accepted.events[0].data.get(), r#"{"amount":3,"balance":0}"#);
        drop(executor);
        running.finish().await.unwrap();
    }
}
