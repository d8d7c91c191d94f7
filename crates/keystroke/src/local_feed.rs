//! The feed within a process, and the last part of the feed through Redis.
//!
//! It never waits for a subscriber: a slow one loses the oldest searches.

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use super::{FeedError, SearchFeed};
use quarry_domain::LoggedSearch;

/// The number of searches that a subscriber may lag behind.
const BACKLOG: usize = 1_024;

/// A feed within the process.
#[derive(Clone, Debug)]
pub struct LocalFeed {
    sender: broadcast::Sender<LoggedSearch>,
}

impl LocalFeed {
    /// Creates a feed without subscribers.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG) }
    }

    /// Publishes one search.
    pub(super) fn send(&self, search: LoggedSearch) {
        // Sending without a subscriber fails, which is no error here.
        let _ = self.sender.send(search);
    }
}

impl Default for LocalFeed {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl SearchFeed for LocalFeed {
    async fn publish(&self, searches: &[LoggedSearch]) -> Result<(), FeedError> {
        for search in searches {
            self.send(search.clone());
        }
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, LoggedSearch> {
        // The only error of the stream is a lag.
        let received = BroadcastStream::new(self.sender.subscribe());
        received.filter_map(|search| std::future::ready(search.ok())).boxed()
    }
}
