//! The ends of tasks.

use std::panic::resume_unwind;

use tokio::task::JoinError;

/// Returns the output of a task; `None` if it was cancelled, as by a runtime that shuts down.
///
/// A panic of the task continues in the caller.
pub fn output_of<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(output) => Some(output),
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => None,
    }
}
