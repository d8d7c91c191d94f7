use quarry_runtime::boxed;
use std::sync::Arc;

use futures_util::stream::BoxStream;

use super::buffer::{Appended, BufferError, BufferHealth, Erased, KeystrokeBuffer};
use super::feed::SearchFeed;
use super::progress::FlushProgress;
use quarry_domain::{Keystroke, LoggedSearch, Searcher};

/// What the pipeline from keystrokes to logged searches holds and has done.
#[derive(Clone, Copy, Debug)]
pub struct PipelineHealth {
    /// What the buffer says.
    pub buffer: BufferHealth,
    /// The reason why this server does not flush, or takes no keystrokes.
    pub last_error: Option<&'static str>,
}

/// The way in for keystrokes, and the way to follow what becomes of them.
#[derive(Clone)]
pub struct Keystrokes {
    buffer: Arc<dyn KeystrokeBuffer>,
    feed: Arc<dyn SearchFeed>,
    progress: FlushProgress,
}

impl Keystrokes {
    /// Puts the parts together; a flusher empties the same buffer into the same feed.
    pub fn new(buffer: Arc<dyn KeystrokeBuffer>, feed: Arc<dyn SearchFeed>, progress: FlushProgress) -> Self {
        Self { buffer, feed, progress }
    }

    /// Takes keystrokes: see [`KeystrokeBuffer::append`].
    #[boxed]
    pub async fn append(&self, keystrokes: &[Keystroke]) -> Result<Vec<Appended>, BufferError> {
        if keystrokes.is_empty() {
            return Ok(Vec::new());
        }
        self.buffer.append(keystrokes).await
    }

    /// Removes what is buffered of a person: see [`KeystrokeBuffer::erase`].
    #[boxed]
    pub async fn erase(&self, searcher: &Searcher) -> Result<Erased, BufferError> {
        self.buffer.erase(searcher).await
    }

    /// The searches that are logged from now on.
    pub fn logged(&self) -> BoxStream<'static, LoggedSearch> {
        self.feed.subscribe()
    }

    /// How it stands.
    #[boxed]
    pub async fn health(&self) -> Result<PipelineHealth, BufferError> {
        let buffer = self.buffer.health().await?;
        Ok(PipelineHealth { buffer, last_error: self.progress.last_error().or(buffer.last_error) })
    }

    /// How this server's flushing goes.
    pub fn progress(&self) -> &FlushProgress {
        &self.progress
    }
}
