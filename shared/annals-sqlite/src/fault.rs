//! Whose fault it is that a view did not do what it was asked: here, and nowhere else, SQLite's result
//! codes are told apart (<https://www.sqlite.org/rescode.html>).
//!
//! | code | name | fault |
//! |---|---|---|
//! | 1 | `ERROR`: no such table, a syntax error, a failed function | what was asked |
//! | 18, 19, 20, 21, 25 | `TOOBIG`, `CONSTRAINT`, `MISMATCH`, `MISUSE`: no statement at all, `RANGE` | what was asked |
//! | 11, 26 | `CORRUPT`, `NOTADB` | the file |
//! | 1032 | `READONLY_DBMOVED` | the file |
//! | others | `BUSY`, `LOCKED`, `FULL`, `IOERR`, `CANTOPEN`, `READONLY`, `NOMEM` ... | what is around it |
//!
//! When a file is *judged*, as it is opened, a table that is missing (1) is the file's fault.

use crate::{ViewError, WriteError};

/// Whose fault a [`ViewError`] is, and so what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What was asked: it fails again, on any sound file.
    Request,
    /// What is around the file, such as a lock or a full disk: trying again may help.
    Surroundings,
    /// The file itself: it is not sound, or is no longer the one that was opened. Opening the view
    /// again helps, since that throws away what is not sound.
    File,
}

impl ViewError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Invalid(_) | Self::Building | Self::Unbound { .. } => Fault::Request,
            Self::File(_) => Fault::Surroundings,
            Self::FileReplaced | Self::Damaged(_) => Fault::File,
            Self::Database(error) => of_database(error),
            Self::Write(error) => of_write(error),
            Self::Statement { error, .. } => of_sqlite(error),
        }
    }
}

pub(crate) fn of_database(error: &sqlx::Error) -> Fault {
    use sqlx::Error::{ColumnDecode, RowNotFound, WorkerCrashed};

    // What is in the file is not what we write, or the thread that holds it has ended.
    if matches!(error, ColumnDecode { .. } | RowNotFound | WorkerCrashed) {
        return Fault::File;
    }
    code(error).map_or(Fault::Surroundings, of_code)
}

pub(crate) fn of_write(error: &WriteError) -> Fault {
    match error {
        WriteError::Sqlite(error) => of_sqlite(error),
        WriteError::Closed | WriteError::Panicked => Fault::Surroundings,
    }
}

pub(crate) fn of_sqlite(error: &rusqlite::Error) -> Fault {
    use rusqlite::Error::{InvalidParameterCount, MultipleStatement, NulError, ToSqlConversionFailure};

    match error.sqlite_error() {
        Some(said) => of_code(said.extended_code.cast_unsigned()),
        None if matches!(
            error,
            InvalidParameterCount(..) | MultipleStatement | NulError(_) | ToSqlConversionFailure(_)
        ) =>
        {
            Fault::Request
        }
        None => Fault::File, // what is in it is not what we write
    }
}

fn of_code(code: u32) -> Fault {
    match (code, primary(code)) {
        (1032, _) | (_, 11 | 26) => Fault::File,
        (_, 1 | 18 | 19 | 20 | 21 | 25) => Fault::Request,
        _ => Fault::Surroundings,
    }
}

/// Whether a file that is opened holds something else than it should.
pub(crate) fn is_unsound(error: &sqlx::Error) -> bool {
    of_database(error) == Fault::File || code(error).is_some_and(|code| primary(code) == 1)
}

/// SQLite's extended result code.
fn code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// The upper bits only say more about it.
fn primary(code: u32) -> u32 {
    code & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_in_all_its_forms_is_the_fault_of_what_was_asked() {
        for code in [19, 275, 1299, 1555, 2067] {
            assert_eq!(of_code(code), Fault::Request, "{code}");
        }
    }

    #[test]
    fn locks_and_full_disks_may_pass() {
        for code in [5, 6, 7, 8, 10, 13, 14, 261, 522, 778, 1546] {
            assert_eq!(of_code(code), Fault::Surroundings, "{code}");
        }
    }

    #[test]
    fn a_corrupt_or_moved_file_has_to_go() {
        for code in [11, 26, 267, 523, 779, 1032] {
            assert_eq!(of_code(code), Fault::File, "{code}");
        }
    }
}
