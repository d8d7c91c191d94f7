use async_graphql::{Context, ID, Object};

use super::{CrawlPageConnection, CrawlState, int};
use crate::failure::Failure;
use crate::ids::NodeId;
use crate::pagination::{PageArguments, PageSelection};
use crate::scalars::DateTime;
use crate::services::Services;

/// The GraphQL type of a crawl.
#[derive(Clone)]
pub(crate) struct Crawl(pub(crate) quarry_domain::Crawl);

/// A crawl: one traversal of an upstream from its first page to its last.
#[Object]
impl Crawl {
    /// The id of the crawl: opaque and stable.
    pub(super) async fn id(&self) -> ID {
        NodeId::Crawl(self.0.id).into()
    }

    /// The name of the crawled source.
    async fn source(&self) -> &str {
        self.0.source.as_str()
    }

    /// The state of the crawl.
    async fn state(&self) -> CrawlState {
        self.0.state.into()
    }

    /// The time at which the crawl began.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// The time at which the crawl ended; null while it is running.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// The number of pages fetched, over all sweeps.
    async fn pages_fetched(&self) -> i32 {
        int(self.0.pages_fetched)
    }

    /// The number of requests, including failed ones.
    async fn attempts(&self) -> i32 {
        int(self.0.attempts)
    }

    /// The number of distinct records seen, including those of a failed crawl that this one continues.
    async fn documents_seen(&self) -> i32 {
        int(self.0.documents_seen)
    }

    /// The number of new documents.
    async fn inserted(&self) -> i32 {
        int(self.0.inserted)
    }

    /// The number of documents with changed content.
    async fn updated(&self) -> i32 {
        int(self.0.updated)
    }

    /// The number of documents already stored with the same content.
    async fn unchanged(&self) -> i32 {
        int(self.0.unchanged)
    }

    /// The number of documents deleted because the upstream no longer has them.
    async fn deleted(&self) -> i32 {
        int(self.0.deleted)
    }

    /// The number of rejected items: those without a key or over a limit.
    async fn rejected(&self) -> i32 {
        int(self.0.rejected)
    }

    /// The number of records that the upstream states; null if it states none.
    async fn expected_total(&self) -> Option<i32> {
        self.0.expected_total.map(int)
    }

    /// The reason why the crawl failed or is incomplete, or a warning for the operator.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// The pages of the crawl with their attempts, in order.
    async fn pages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n items: 10 by default, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Returns the items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Returns the last n items, in place of `first`: at most 100.")] last: Option<i32>,
        #[graphql(desc = "Returns the items before this cursor; with `last`, the page before it.")]
        before: Option<String>,
    ) -> Result<CrawlPageConnection, Failure> {
        let arguments = PageArguments { first, after, last, before };
        let selection = PageSelection::of(ctx, arguments)?;
        let pages = Services::of(ctx)?.store.crawl_pages(self.0.id, selection.slice()).await?;
        Ok(CrawlPageConnection::new(self.0.id, selection.cut(pages)))
    }
}
