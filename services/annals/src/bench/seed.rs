//! Fills a log with accounts: the same commits as a command service writes, decided and folded by the
//! same rules, without a service that is asked for each of them.

use std::{iter, mem, ops::Range};

use annals_core::{
    Category, Commit, Context, Decider, Fingerprint, Position, State, StoredCommit, StreamId, Version,
};
use annals_domains::account::Account;
use annals_nats::{Appended, Log};
use anyhow::{anyhow, bail};
use futures_util::{TryStreamExt, stream};
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Appends that wait for the disk together.
const AT_ONCE: usize = 1000;

/// The account of that number. As scattered as drawn ids, and the same in every run.
pub(crate) fn account(number: u64) -> StreamId {
    StreamId::new(Account::NAME, Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes()))
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
    let category = Category::of::<Account>();
    let mut accounts: Vec<_> = accounts.map(|number| Written::nothing(&category, account(number))).collect();
    let open = ("open", json!({ "owner_email": "ada@example.com" }));
    let deposit = ("deposit", json!({ "amount": 100 }));
    for (command, data) in iter::once(&open).chain(iter::repeat(&deposit)).take(events_each) {
        let turns = stream::iter(accounts.iter_mut().map(anyhow::Ok));
        let turn = async |account: &mut Written| {
            account.carry_out(log, &category, command, data).await?;
            progress.inc(1);
            Ok(())
        };
        turns.try_for_each_concurrent(AT_ONCE, turn).await?;
    }
    Ok(())
}

/// An account as far as it has been written.
struct Written {
    stream: StreamId,
    state: State,
    version: Version,
    position: Position,
    hash: Option<String>,
}

impl Written {
    fn nothing(category: &Category, stream: StreamId) -> Self {
        Self { stream, state: category.blank(), version: 0, position: 0, hash: None }
    }

    async fn carry_out(
        &mut self,
        log: &impl Log,
        category: &Category,
        command: &str,
        data: &Value,
    ) -> anyhow::Result<()> {
        let id = Uuid::now_v7();
        let decided = category.decide(self.stream.id, &self.state, command, data);
        let decided = decided.map_err(|why| anyhow!("{command} is not carried out: {why:?}"))?;
        let commit = Commit {
            id,
            stream: self.stream.clone(),
            recorded_at: Timestamp::now(),
            context: Context {
                correlation_id: id,
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of(command, data),
            previous_hash: self.hash.take(),
            events: Commit::place(id, self.version, decided),
        };
        match log.append(&commit, self.position).await? {
            Appended::Stored(stored) => self.fold(category, stored),
            Appended::Overtaken(_) => bail!("somebody else writes to {}", self.stream),
        }
    }

    fn fold(&mut self, category: &Category, stored: StoredCommit) -> anyhow::Result<()> {
        self.state = category.fold(mem::replace(&mut self.state, category.blank()), &stored)?;
        (self.version, self.position, self.hash) =
            (stored.commit.version(), stored.position, Some(stored.hash));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use annals_command::Executor;
    use annals_core::bus::{CommandRequest, Expected};
    use annals_nats::{MemoryLog, Scope};

    use super::*;

    #[tokio::test]
    async fn a_command_service_goes_on_from_what_was_seeded() {
        let log = MemoryLog::default();
        seed(&log, 0..3, 4, &ProgressBar::hidden()).await.unwrap();
        assert_eq!(log.last(&Scope::All).await.unwrap(), 12);

        let id = Uuid::now_v7();
        let request = CommandRequest {
            id,
            stream: account(2),
            command: "withdraw".into(),
            data: json!({ "amount": 300 }),
            context: Context {
                correlation_id: id,
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            expected: Expected::Version(4),
            caused_at: None,
        };
        let accepted = Executor::new(log, annals_domains::catalog()).execute(request).await.unwrap();
        assert_eq!(accepted.events[0].data.get(), r#"{"amount":300,"balance":0}"#);
    }
}
