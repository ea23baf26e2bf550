//! What can go wrong with a view.

use std::io;

use thiserror::Error;

/// Why a view did not do what it was asked.
#[derive(Debug, Error)]
pub enum ViewError {
    /// The reader asked for something that this view cannot mean; a sentence for a person.
    #[error("{0}")]
    Invalid(String),
    /// The view has never reached the end of the log, and part of its rows would mislead.
    #[error("the view is being built and has not reached the end of the log yet")]
    Building,
    /// A defect of the projection: values are bound by place, one for each `?`.
    #[error("a statement must have one `?` for each of its {values} values: {text}")]
    Unbound {
        /// The statement.
        text: &'static str,
        /// How many values came with it.
        values: usize,
    },
    /// The file was deleted or replaced while it was open: what is written would be in vain.
    #[error("the view's file was deleted or replaced while it was open")]
    FileReplaced,
    /// The database holds what is never written there.
    #[error("the view's file is damaged: {0}")]
    Damaged(&'static str),
    /// The database could not be read.
    #[error("the view's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database could not be written.
    #[error("the view's database failed: {0}")]
    Write(#[from] WriteError),
    /// A statement of the projection failed.
    #[error("{error}: {text}")]
    Statement {
        /// The statement.
        text: &'static str,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// The view's file could not be looked at or removed.
    #[error("the view's file failed: {0}")]
    File(#[from] io::Error),
}

/// Why something was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// SQLite says no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Nothing is written any more.
    #[error("the file is closed")]
    Closed,
    /// A defect. Nothing of it was written.
    #[error("what wrote it has panicked")]
    Panicked,
}
