use quarry_runtime::boxed;
use std::sync::Arc;

use super::buffer::{BufferError, BufferHealth, KeystrokeBuffer};
use super::exclusions::Exclusions;
use super::feed::SearchFeed;
use super::flush_status::FlushStatus;
use super::mask::Mask;

/// The state of the pipeline from keystrokes to logged searches.
#[derive(Clone, Copy, Debug)]
pub struct PipelineHealth {
    /// The health of the buffer.
    pub buffer: BufferHealth,
    /// The error that prevents this server from flushing, or from accepting keystrokes.
    pub last_error: Option<&'static str>,
}

/// The parts of the pipeline; a flusher moves keystrokes from the buffer to the log and the feed.
#[derive(Clone)]
pub struct Keystrokes {
    /// Accepts and erases keystrokes.
    pub buffer: Arc<dyn KeystrokeBuffer>,
    /// Announces logged searches.
    pub feed: Arc<dyn SearchFeed>,
    /// The status of this server's flusher.
    pub flush_status: FlushStatus,
    /// Masks personal data and secrets in logged texts.
    pub mask: Option<Mask>,
    /// The input that is not logged.
    pub exclusions: Exclusions,
}

impl Keystrokes {
    /// The health of the buffer and of this server's flusher.
    #[boxed]
    pub async fn health(&self) -> Result<PipelineHealth, BufferError> {
        let buffer = self.buffer.health().await?;
        Ok(PipelineHealth { buffer, last_error: self.flush_status.last_error().or(buffer.last_error) })
    }
}
