//! Small values as they stand in paths, headers and query parameters.

use uuid::Uuid;

/// Only digits, and at least one: no sign, no white space.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A whole number in digits.
pub fn number(text: &str) -> Option<u64> {
    is_digits(text).then(|| text.parse().ok()).flatten()
}

/// A UUID with its hyphens, in either case. The crate also reads other forms, but one aggregate
/// should not go by several names.
pub fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| text.parse().ok()).flatten()
}
