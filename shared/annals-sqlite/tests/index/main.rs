//! The events index against real files.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod life;
mod log;
mod reading;
