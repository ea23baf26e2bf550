//! What the client makes of answers, and of none.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod commands;
mod fake;
mod live;
mod reads;
