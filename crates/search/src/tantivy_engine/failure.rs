//! The meaning of the library's errors: only what a rebuild repairs counts as damage.
//!
//! A system without files to spare, without room or without permission says nothing about what is in
//! the index: a rebuild would fail for the same reason, and take a sound index away.

use std::io;
use std::sync::Arc;

use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

use crate::engine::SearchError;

/// Tells damage, which a rebuild repairs, from other failures.
pub(super) fn failed(error: TantivyError) -> SearchError {
    if is_damage(&error) {
        SearchError::Damaged(error.to_string())
    } else {
        SearchError::Failed(cause(&error))
    }
}

/// Recognizes failures of the system, which say nothing about the index.
pub(super) fn is_of_system(error: &TantivyError) -> bool {
    let of_system = |io: &Arc<io::Error>| io.raw_os_error().is_some();
    io_error(error).is_some_and(of_system) || matches!(error, TantivyError::SystemError(_))
}

/// Recognizes files that do not hold what was written to them.
fn is_damage(error: &TantivyError) -> bool {
    if let Some(io) = io_error(error) {
        let is_content = matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof);
        return is_content && !is_of_system(error);
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

/// Another process writes to this index.
pub(super) fn is_locked(error: &TantivyError) -> bool {
    matches!(error, TantivyError::LockFailure(LockError::LockBusy, _))
}

/// The cause of a failure, in the system's words where it was the system.
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

    /// No more files for the process or the system, no room, no permission, a disk that fails.
    const OF_THE_SYSTEM: [i32; 5] = [24, 23, 28, 13, 5];

    fn ways(error: impl Fn() -> io::Error) -> Vec<TantivyError> {
        let filepath = PathBuf::from("a.term");
        vec![
            TantivyError::from(error()),
            OpenReadError::wrap_io_error(error(), filepath.clone()).into(),
            OpenDirectoryError::wrap_io_error(error(), filepath).into(),
            TantivyError::LockFailure(LockError::IoError(Arc::new(error())), None),
        ]
    }

    #[test]
    fn what_the_system_lacks_is_no_damage() {
        for code in OF_THE_SYSTEM {
            for error in ways(|| io::Error::from_raw_os_error(code)) {
                assert!(!is_damage(&error) && is_of_system(&error), "{error}");
                assert!(cause(&error).contains(&format!("os error {code}")), "{}", cause(&error));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_or_is_missing_is_damage() {
        for kind in [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof] {
            for error in ways(|| io::Error::new(kind, "a footer")) {
                assert!(is_damage(&error) && !is_of_system(&error), "{error}");
            }
        }
        assert!(is_damage(&OpenReadError::FileDoesNotExist(PathBuf::from("meta.json")).into()));
        assert!(!is_damage(&TantivyError::Poisoned));
    }
}
