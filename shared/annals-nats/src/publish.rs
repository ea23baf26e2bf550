//! What it means that something could not be published.

use async_nats::jetstream::{
    ErrorCode,
    context::{PublishError, PublishErrorKind},
};

/// Two messages at once on three nodes: refused as stale, under another code than on one.
const STALE_ON_REPLICAS: ErrorCode = ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT;

/// Why a message that was to be published is not there, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unpublished {
    /// The subject stands elsewhere.
    Stale,
    /// The server does not take it.
    Refused(String),
    /// It may be there all the same.
    InDoubt(String),
}

impl Unpublished {
    pub(crate) fn judge(error: &PublishError) -> Self {
        let source = std::error::Error::source(error).and_then(|it| it.downcast_ref());
        let code = source.map(async_nats::jetstream::Error::error_code);
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Self::Stale,
            PublishErrorKind::Other if code.is_some_and(is_stale) => Self::Stale,
            PublishErrorKind::StreamNotFound
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::MaxPayloadExceeded => Self::Refused(error.to_string()),
            PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::Other => match code {
                Some(code) if !is_in_flight(code) => Self::Refused(error.to_string()),
                Some(_) | None => Self::InDoubt(error.to_string()),
            },
        }
    }
}

/// Whether the code says that a subject stands elsewhere.
pub(crate) fn is_stale(code: ErrorCode) -> bool {
    code == ErrorCode::STREAM_WRONG_LAST_SEQUENCE || code == STALE_ON_REPLICAS
}

/// A duplicate is still on its way (10158), or stands in a batch already (10201).
pub(crate) fn is_in_flight(code: ErrorCode) -> bool {
    code == ErrorCode(10158) || code == ErrorCode(10201)
}
