//! What it means that something could not be published.

use async_nats::jetstream::{
    ErrorCode,
    context::{PublishError, PublishErrorKind},
};

/// Two messages at once on three nodes: refused as stale, under another code than on one.
const CONFLICT_ON_REPLICAS: ErrorCode = ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT;

/// Why a message that was to be published is not there, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublishFailure {
    /// The subject stands elsewhere.
    Conflict,
    /// The server does not take it.
    Rejected(String),
    /// It may be there all the same.
    Unknown(String),
}

impl PublishFailure {
    pub(crate) fn classify(error: &PublishError) -> Self {
        let source = std::error::Error::source(error).and_then(|it| it.downcast_ref());
        let code = source.map(async_nats::jetstream::Error::error_code);
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Self::Conflict,
            PublishErrorKind::Other if code.is_some_and(is_conflict) => Self::Conflict,
            PublishErrorKind::StreamNotFound
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::MaxPayloadExceeded => Self::Rejected(error.to_string()),
            PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::Other => match code {
                Some(code) if !is_in_flight(code) => Self::Rejected(error.to_string()),
                Some(_) | None => Self::Unknown(error.to_string()),
            },
        }
    }
}

/// Whether the code says that a subject stands elsewhere.
fn is_conflict(code: ErrorCode) -> bool {
    code == ErrorCode::STREAM_WRONG_LAST_SEQUENCE || code == CONFLICT_ON_REPLICAS
}

/// A duplicate is still on its way.
fn is_in_flight(code: ErrorCode) -> bool {
    code == ErrorCode(10158)
}
