//! A panic is a defect, and an answer like any other fault: whoever waits is told so.

use std::panic::AssertUnwindSafe;

use annals_core::bus::Failure;
use futures_util::FutureExt;
use tracing::error;

/// Does `work` over something; if it panics, that has failed. `who`: who did.
///
/// # Errors
/// Those of `work`, and [`Failure::InternalError`] for a panic.
pub async fn caught<A>(who: &str, work: impl Future<Output = Result<A, Failure>>) -> Result<A, Failure> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| {
        error!("{who} panicked over what it was asked");
        Err(Failure::InternalError { detail: "A service has a defect. It has been logged.".into() })
    })
}
