//! Questions to the server, bounded in time.

use annals_core::log::LogError;
use async_nats::jetstream::{
    message::StreamMessage,
    stream::{RawMessageError, RawMessageErrorKind},
};
use tokio::time::timeout;

use crate::connection::REQUEST_TIMEOUT;

/// Asks the leader of a stream for one message, as it answers in time and does not lag; none if there is none.
pub(crate) async fn found(
    question: impl Future<Output = Result<StreamMessage, RawMessageError>>,
) -> Result<Option<StreamMessage>, LogError> {
    let question = Box::pin(question); // it is large
    match within(question).await? {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// Bounded also while the connection takes nothing, because it is being made again.
pub(crate) async fn within<T>(question: impl Future<Output = T>) -> Result<T, LogError> {
    timeout(2 * REQUEST_TIMEOUT, question).await.map_err(|_| unavailable("the server does not answer"))
}

/// What could not be asked has done nothing.
pub(crate) fn unavailable(error: impl std::fmt::Display) -> LogError {
    LogError::Unavailable(error.to_string())
}
