//! Until when somebody waits for an answer. What nobody waits for any more is not begun: an instance that
//! was frozen, and goes on, must not carry out what its client has been told has failed.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};
use jiff::Timestamp;

/// In microseconds since 1970, by the clock of whoever asks.
static DEADLINE: HeaderName = HeaderName::from_static("Annals-Deadline");

/// The headers of a question that is waited for so long.
pub(crate) fn headers(patience: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let deadline = (Timestamp::now() + patience).as_microsecond();
    headers.insert(DEADLINE.clone(), HeaderValue::from(deadline));
    headers
}

/// Whether nobody waits any more.
pub(crate) fn has_passed(headers: Option<&HeaderMap>) -> bool {
    let deadline = headers.and_then(|headers| headers.get(DEADLINE.clone())?.as_str().parse::<i64>().ok());
    deadline.is_some_and(|deadline| deadline < Timestamp::now().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_late_once_its_time_is_over() {
        assert!(!has_passed(None), "others may ask without a deadline");
        assert!(!has_passed(Some(&headers(Duration::from_mins(1)))));
        assert!(has_passed(Some(&headers(Duration::ZERO))));
    }
}
