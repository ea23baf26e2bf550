//! Questions to the leader of a stream: it answers in time, and does not lag.

use async_nats::jetstream::{
    message::StreamMessage,
    stream::{RawMessageError, RawMessageErrorKind},
};

use crate::{LogError, jetstream_log::within, log::unavailable};

/// Asks for one message; none if there is none.
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
