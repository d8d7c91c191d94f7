//! Classifies tantivy's errors: only those that a rebuild repairs count as damage.
//!
//! Exhausted file handles, a full disk or missing permissions do not affect the index: a rebuild would fail
//! for the same reason, and delete a sound index.

use std::io;
use std::sync::Arc;

use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

use crate::engine::SearchError;

/// Converts an error, and separates damage from other failures.
pub(super) fn search_error(error: TantivyError) -> SearchError {
    if is_damage(&error) {
        SearchError::Damaged(error.to_string())
    } else {
        SearchError::Failed(cause(&error))
    }
}

/// Returns true for failures of the operating system, which do not affect the index.
pub(super) fn is_system_error(error: &TantivyError) -> bool {
    let has_code = |io: &Arc<io::Error>| io.raw_os_error().is_some();
    io_error(error).is_some_and(has_code) || matches!(error, TantivyError::SystemError(_))
}

/// Returns true if a file's content differs from what was written.
fn is_damage(error: &TantivyError) -> bool {
    if let Some(io) = io_error(error) {
        let is_content = matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
        return is_content && !is_system_error(error);
    }
    matches!(
        error,
        TantivyError::DataCorruption(_)
            | TantivyError::DeserializeError(_)
            | TantivyError::IncompatibleIndex(_)
            | TantivyError::OpenDirectoryError(_)
            | TantivyError::OpenReadError(_)
            | TantivyError::SchemaError(_)
    )
}

/// Returns true if another process has the index open for writing.
pub(super) fn is_locked(error: &TantivyError) -> bool {
    matches!(error, TantivyError::LockFailure(LockError::LockBusy, _))
}

/// Returns the message of a failure; that of the operating system if it failed.
pub(super) fn cause(error: &TantivyError) -> String {
    io_error(error).map_or_else(|| error.to_string(), |io| io.to_string())
}

fn io_error(error: &TantivyError) -> Option<&Arc<io::Error>> {
    match error {
        TantivyError::IoError(io)
        | TantivyError::LockFailure(LockError::IoError(io), _)
        | TantivyError::OpenDirectoryError(
            OpenDirectoryError::IoError { io_error: io, .. } | OpenDirectoryError::FailedToCreateTempDir(io),
        )
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: io, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: io, .. }) => Some(io),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// EMFILE, ENFILE, ENOSPC, EACCES and EIO.
    const SYSTEM_ERRORS: [i32; 5] = [24, 23, 28, 13, 5];

    fn wrapped(error: impl Fn() -> io::Error) -> Vec<TantivyError> {
        let filepath = PathBuf::from("a.term");
        vec![
            TantivyError::from(error()),
            OpenReadError::wrap_io_error(error(), filepath.clone()).into(),
            OpenDirectoryError::wrap_io_error(error(), filepath).into(),
            TantivyError::LockFailure(LockError::IoError(Arc::new(error())), None),
        ]
    }

    #[test]
    fn errors_of_the_operating_system_are_not_damage() {
        for code in SYSTEM_ERRORS {
            for error in wrapped(|| io::Error::from_raw_os_error(code)) {
                assert!(!is_damage(&error) && is_system_error(&error), "{error}");
                assert!(cause(&error).contains(&format!("os error {code}")), "{}", cause(&error));
            }
        }
    }

    #[test]
    fn unreadable_and_missing_files_are_damage() {
        for kind in [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof] {
            for error in wrapped(|| io::Error::new(kind, "a footer")) {
                assert!(is_damage(&error) && !is_system_error(&error), "{error}");
            }
        }
        assert!(is_damage(&OpenReadError::FileDoesNotExist(PathBuf::from("meta.json")).into()));
        assert!(!is_damage(&TantivyError::Poisoned));
    }
}
