use async_trait::async_trait;
use futures_util::stream::BoxStream;

use quarry_domain::LoggedSearch;

/// Why searches could not be announced. They are stored all the same.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It cannot be reached, or broke off.
    #[error("the feed of logged searches is unavailable: {0}")]
    Unavailable(String),
    /// It did what it never should.
    #[error("the feed of logged searches is damaged: {0}")]
    Damaged(String),
}

/// Tells whoever listens of searches as they are logged, on every server. A live view: who
/// listens too slowly, or while the connection is broken, misses some; the log has them all.
#[async_trait]
pub trait SearchFeed: Send + Sync {
    /// Announces searches that were just stored.
    async fn publish(&self, searches: &[LoggedSearch]) -> Result<(), FeedError>;

    /// The searches that are announced from now on.
    fn subscribe(&self) -> BoxStream<'static, LoggedSearch>;
}
