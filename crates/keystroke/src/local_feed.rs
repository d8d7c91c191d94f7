//! The feed of one process, and the last part of every other feed.
//!
//! It never waits for a listener: one that is too slow loses the oldest searches.

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use super::{FeedError, SearchFeed};
use quarry_domain::LoggedSearch;

/// How many searches a listener may be behind.
const BACKLOG: usize = 1_024;

/// Announces searches within the process.
#[derive(Clone, Debug)]
pub struct LocalFeed {
    sender: broadcast::Sender<LoggedSearch>,
}

impl LocalFeed {
    /// A feed without listeners.
    pub fn new() -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG) }
    }

    /// Announces one search.
    pub(super) fn announce(&self, search: LoggedSearch) {
        // That nobody listens is no error.
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
            self.announce(search.clone());
        }
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, LoggedSearch> {
        // What is in the way of a listener is only that it lost some.
        let heard = BroadcastStream::new(self.sender.subscribe());
        heard.filter_map(|search| std::future::ready(search.ok())).boxed()
    }
}
