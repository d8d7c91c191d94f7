use async_trait::async_trait;
use futures_util::stream::BoxStream;

use quarry_domain::LoggedSearch;

/// A failed publication; the searches are stored all the same.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The connection failed.
    #[error("the feed of logged searches is unavailable: {0}")]
    Unavailable(String),
    /// The reply is invalid.
    #[error("the feed of logged searches is damaged: {0}")]
    Damaged(String),
}

/// Announces logged searches to the subscribers of all servers.
///
/// A live view: a slow or disconnected subscriber misses searches; the log has them all.
#[async_trait]
pub trait SearchFeed: Send + Sync {
    /// Publishes searches that were just stored.
    async fn publish(&self, searches: &[LoggedSearch]) -> Result<(), FeedError>;

    /// Subscribes to the searches published from now on.
    fn subscribe(&self) -> BoxStream<'static, LoggedSearch>;
}
