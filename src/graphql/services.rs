use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use async_trait::async_trait;

use super::error::Failure;
use crate::domain::{Crawl, Revision, SourceName};
use crate::search::SearchEngine;
use crate::store::{Store, StoreError};

/// Why an index did not show a revision in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// The patience ran out; the index will get there.
    #[error("the index has not caught up in time")]
    TimedOut,
    /// The indexer has stopped, so waiting is in vain.
    #[error("the indexer has stopped")]
    Stopped,
}

/// Tells when this server's index shows what the store holds.
#[async_trait]
pub trait IndexFollower: Send + Sync + 'static {
    /// Returns once the index has applied `revision`, or when the patience runs out.
    async fn wait_for(&self, revision: Revision, patience: Duration) -> Result<(), FollowError>;
}

/// Why a crawl could not be started.
#[derive(Debug, thiserror::Error)]
pub enum CrawlStartError {
    /// The store could not note it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The crawler could not take it.
    #[error("the crawl cannot be started: {0}")]
    Failed(String),
}

/// Starts crawls of configured sources.
#[async_trait]
pub trait CrawlStarter: Send + Sync + 'static {
    /// Begins a crawl, or returns the one that is running. The source is one of
    /// [`Services::sources`].
    async fn start(&self, source: &SourceName, allow_shrink: bool) -> Result<Crawl, CrawlStartError>;
}

/// Everything that resolvers reach. The schema builds without it.
#[derive(Clone)]
pub struct Services {
    /// The truth: what relations are looked up in.
    pub store: Store,
    /// What searches are answered from.
    pub search: Arc<dyn SearchEngine>,
    /// Tells when a change can be found.
    pub index: Arc<dyn IndexFollower>,
    /// Starts crawls.
    pub crawls: Arc<dyn CrawlStarter>,
    /// The configured sources.
    pub sources: Arc<[SourceName]>,
    /// How long a mutation with `wait: true` waits for the index.
    pub index_patience: Duration,
}

impl Services {
    /// How long a mutation waits for the index unless configured otherwise.
    pub const INDEX_PATIENCE: Duration = Duration::from_secs(10);

    /// The services of this request.
    pub(super) fn of<'a>(ctx: &Context<'a>) -> Result<&'a Services, Failure> {
        ctx.data_opt::<Services>().ok_or_else(|| Failure::internal("the schema was built without services"))
    }
}
