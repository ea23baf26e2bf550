//! Views against real files.

#![allow(clippy::unwrap_used)] // as in every test; helpers are not recognised as such

mod agenda;
mod applying;
mod cursors;
mod directory;
mod files;
mod fixtures;
mod moved;
mod paging;
mod reading;
mod together;
