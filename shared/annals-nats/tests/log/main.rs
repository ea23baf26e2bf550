//! The log on a server holds what every log must hold.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod interruptions;

use annals_core::log::suite;
use annals_nats::{JetStreamLog, Nats};
use annals_testkit::{TestNats, nats, raw};

/// A log on a server of its own.
struct OnAServer {
    log: JetStreamLog,
    server: TestNats,
}

impl OnAServer {
    async fn start() -> Self {
        let server = nats().await;
        let nats = Nats::connect(&server.url(), "suite").await.unwrap();
        let log = nats.log(nats.prepare().await.unwrap());
        Self { log, server }
    }
}

impl suite::Subject for OnAServer {
    type Log = JetStreamLog;

    fn log(&self) -> &JetStreamLog {
        &self.log
    }

    async fn publish(&self, subject: &str, body: &str) {
        let stored = raw(&self.server.url(), subject, body).await;
        assert!(stored.contains("\"seq\""), "{stored}");
    }
}

macro_rules! the_log_on_a_server_holds_that {
    ($($sentence:ident),* $(,)?) => {
        $(#[tokio::test] async fn $sentence() { suite::$sentence(OnAServer::start().await).await; })*
    };
}

the_log_on_a_server_holds_that![
    nothing_is_beyond_the_end,
    an_entry_is_stored_and_read_again,
    the_largest_command_is_stored_and_read_again,
    a_stale_expectation_is_a_conflict_and_stores_nothing,
    of_fifty_racing_writers_one_wins,
    a_draft_that_is_sent_again_is_stored_once_and_found_by_its_message_id,
    foreign_messages_are_skipped_and_expected,
    an_entry_may_be_empty,
    a_command_over_three_aggregates_is_one_entry,
    a_tail_gives_everything_in_order_also_what_comes_later,
    two_writers_in_conflict_leave_no_gap,
];
