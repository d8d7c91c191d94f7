//! Up to when the log of searches is complete: what was typed last is still in the buffer.

use async_trait::async_trait;

use crate::domain::Timestamp;

/// Why it is not known what is yet to be logged.
#[derive(Debug, thiserror::Error)]
#[error("it is not known what is yet to be logged: {0}")]
pub struct CoverageError(pub String);

/// Knows what was typed and is not yet in the log of searches.
#[async_trait]
pub trait Coverage: Send + Sync {
    /// When the oldest keystroke arrived that is not yet in the log, of the whole fleet; `None`
    /// if there is none.
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError>;
}
