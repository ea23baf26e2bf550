//! Log lines and metrics.

use std::time::Duration;

use annals_core::bus::{CommandReply, CommandRequest, Failure};
use tracing::{info, warn};

/// One line for what became of a command, and counts.
pub(crate) fn record_command(request: &CommandRequest, reply: &CommandReply, took: Duration) {
    let CommandRequest { stream, command, context, .. } = request;
    let (category, id, correlation) = (&stream.category, stream.id, context.correlation_id);
    let ms = took.as_secs_f64() * 1000.0;
    let outcome = match reply {
        Ok(accepted) => {
            let suffix = match accepted {
                accepted if accepted.replayed => " repeated",
                accepted if accepted.events.is_empty() => " changes nothing",
                _ => "",
            };
            let (version, position) = (accepted.version, accepted.position);
            info!(category, %id, version, position, ms, %correlation, "{command}{suffix}");
            "accepted"
        }
        Err(Failure::Refused(refused)) => {
            info!(category, %id, ms, %correlation, "{command} refused: {}", refused.reason);
            "refused"
        }
        Err(
            failure @ (Failure::OutcomeUnknown
            | Failure::Unavailable { .. }
            | Failure::EventQuarantined { .. }
            | Failure::InternalError { .. }
            | Failure::Conflict),
        ) => {
            warn!(category, %id, ms, %correlation, ?failure, "{command} failed");
            "failed"
        }
        Err(failure) => {
            info!(category, %id, ms, %correlation, ?failure, "{command} rejected");
            "rejected"
        }
    };
    // An unknown category or command is whatever somebody sent: it never becomes a label.
    if !matches!(reply, Err(Failure::UnknownCategory | Failure::UnknownCommand)) {
        let labels = [("category", category.clone()), ("command", command.clone())];
        metrics::histogram!("annals_command_seconds", &labels).record(took.as_secs_f64());
        let [category, command] = labels;
        metrics::counter!("annals_commands_total", &[category, command, ("outcome", outcome.into())])
            .increment(1);
    }
}

/// What the writer stored.
#[allow(clippy::cast_precision_loss)] // few commits
pub(crate) fn record_entry(commits: usize, took: Duration) {
    metrics::counter!("annals_writer_entries_total").increment(1);
    metrics::histogram!("annals_writer_entry_commits").record(commits as f64);
    metrics::histogram!("annals_writer_entry_seconds").record(took.as_secs_f64());
}

/// Another writer was first.
pub(crate) fn record_conflict() {
    metrics::counter!("annals_writer_conflicts_total").increment(1);
}
