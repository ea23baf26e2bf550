use super::*;
use crate::log::{Head, suite};

struct InMemory(MemoryLog);

impl suite::Subject for InMemory {
    type Log = MemoryLog;

    fn log(&self) -> &MemoryLog {
        &self.0
    }

    async fn publish(&self, subject: &str, body: &str) {
        self.0.publish(subject, &[], body.to_owned());
    }
}

fn log() -> MemoryLog {
    MemoryLog::new(Uuid::new_v4())
}

macro_rules! the_log_in_memory_holds_that {
    ($($sentence:ident),* $(,)?) => {
        $(#[tokio::test] async fn $sentence() { suite::$sentence(InMemory(log())).await; })*
    };
}

the_log_in_memory_holds_that![
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

#[tokio::test]
async fn trouble_comes_in_its_order() {
    let log = log();
    log.trouble([Trouble::Lost, Trouble::AcknowledgementLost]);
    let draft = suite::draft(Head::start(log.id()), &[]);
    for stored in [0, 1] {
        assert!(matches!(log.append(&draft, 0).await, Err(AppendError::Unknown(_))));
        assert_eq!(log.end().await.unwrap(), stored);
    }
    assert!(log.read(0, 1).await.unwrap()[0].is(&draft));
    assert!(matches!(log.append(&draft, 0).await, Err(AppendError::Conflict)));
}
