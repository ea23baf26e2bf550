//! Fills a log with accounts: the same commits as a command service writes, only faster.

use std::{iter, ops::Range};

use annals_core::Category;
use annals_domains::account::Account as Rules;
use annals_nats::{Appended, Log};
use anyhow::bail;
use futures_util::{TryStreamExt, stream};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use uuid::Uuid;

use super::account::Account;

/// Appends that wait for the disk together.
const AT_ONCE: usize = 1000;

/// The id of the account of that number. As scattered as drawn ids, and the same in every run.
pub(crate) fn id(number: u64) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes())
}

/// Gives each of the accounts so many events: it is opened, and then money comes in. They take turns, so
/// that the events of one account lie all over the log.
///
/// # Errors
/// When the log does not take them, or somebody else writes to the same accounts.
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
    for (command, data) in iter::once(&open).chain(iter::repeat(&deposit)).take(events_each) {
        let turns = stream::iter(accounts.iter_mut().map(anyhow::Ok));
        let turn = async |account: &mut Account| {
            append(log, &category, account, command, data).await?;
            progress.inc(1);
            Ok(())
        };
        turns.try_for_each_concurrent(AT_ONCE, turn).await?;
    }
    Ok(())
}

async fn append(
    log: &impl Log,
    category: &Category,
    account: &mut Account,
    command: &str,
    data: &Value,
) -> anyhow::Result<()> {
    let commit = account.next(category, command, data)?;
    match log.append(&commit, account.position).await? {
        Appended::Stored(stored) => account.fold(category, stored),
        Appended::Overtaken(_) => bail!("somebody else writes to {}", commit.stream),
    }
}

#[cfg(test)]
mod tests {
    use annals_command::Executor;
    use annals_core::{
        StreamId,
        bus::{CommandRequest, Expected},
    };
    use annals_nats::{MemoryLog, Scope};

    use super::*;
    use crate::bench::workload::{CATEGORY, context};

    #[tokio::test]
    async fn a_command_service_goes_on_from_what_was_seeded() {
        let log = MemoryLog::default();
        seed(&log, 0..3, 4, &ProgressBar::hidden()).await.unwrap();
        assert_eq!(log.last(&Scope::All).await.unwrap(), 12);

        let command = Uuid::now_v7();
        let request = CommandRequest {
            id: command,
            stream: StreamId::new(CATEGORY, id(2)),
            command: "withdraw".into(),
            data: json!({ "amount": 3 }),
            context: context(command),
            expected: Expected::Version(4),
            caused_at: None,
        };
        let accepted = Executor::new(log, annals_domains::catalog()).execute(request).await.unwrap();
        assert_eq!(accepted.events[0].data.get(), r#"{"amount":3,"balance":0}"#);
    }
}
