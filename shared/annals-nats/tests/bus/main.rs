//! Commands over the bus: those that wait together travel together, and each gets its own answer.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod faults;
mod instance;
mod together;
