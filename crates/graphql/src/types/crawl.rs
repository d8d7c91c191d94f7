use async_graphql::{Context, ID, Object};

use super::{CrawlPageConnection, CrawlState, int};
use crate::error::Failure;
use crate::ids::NodeId;
use crate::pagination::{PageArguments, PageRequest, parse_page_cursor};
use crate::scalars::DateTime;
use crate::services::Services;

/// A crawl, as GraphQL shows it.
#[derive(Clone)]
pub(crate) struct Crawl(pub(crate) quarry_domain::Crawl);

/// One run over an upstream, from its first page to its end.
#[Object]
impl Crawl {
    /// Identifies the crawl; opaque and stable.
    pub(super) async fn id(&self) -> ID {
        NodeId::Crawl(self.0.id).into()
    }

    /// The source that is crawled.
    async fn source(&self) -> &str {
        self.0.source.as_str()
    }

    /// How the crawl stands.
    async fn state(&self) -> CrawlState {
        self.0.state.into()
    }

    /// When it began.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// When it ended; null while it runs.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.finished_at.map(DateTime)
    }

    /// Pages taken, over all passes.
    async fn pages_fetched(&self) -> i32 {
        int(self.0.pages_fetched)
    }

    /// Requests made, failed ones too.
    async fn attempts(&self) -> i32 {
        int(self.0.attempts)
    }

    /// Distinct records seen in the current count.
    async fn documents_seen(&self) -> i32 {
        int(self.0.documents_seen)
    }

    /// Documents that were new.
    async fn inserted(&self) -> i32 {
        int(self.0.inserted)
    }

    /// Documents whose content had changed.
    async fn updated(&self) -> i32 {
        int(self.0.updated)
    }

    /// Documents that were already stored as they are.
    async fn unchanged(&self) -> i32 {
        int(self.0.unchanged)
    }

    /// Documents removed because they vanished upstream.
    async fn deleted(&self) -> i32 {
        int(self.0.deleted)
    }

    /// Items that could not be taken: without a key, or over a limit.
    async fn rejected(&self) -> i32 {
        int(self.0.rejected)
    }

    /// How many records the upstream states, where it states a number.
    async fn expected_total(&self) -> Option<i32> {
        self.0.expected_total.map(int)
    }

    /// Why it failed or is incomplete, or what the operator should know.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// The ledger: a line for every page, with its attempts, in order.
    async fn pages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many to return: 10 unless given, at most 100.")] first: Option<i32>,
        #[graphql(desc = "Continue after this cursor.")] after: Option<String>,
        #[graphql(desc = "Return this many from the end, instead of `first`: at most 100.")] last: Option<
            i32,
        >,
        #[graphql(desc = "Return what comes before this cursor; with `last`, the page before it.")]
        before: Option<String>,
    ) -> Result<CrawlPageConnection, Failure> {
        let arguments = PageArguments { first, after, last, before };
        let request = PageRequest::of(ctx, arguments, parse_page_cursor)?;
        let pages = Services::of(ctx)?.store.crawl_pages(self.0.id, request.slice()).await?;
        Ok(CrawlPageConnection::new(self.0.id, request.cut(pages)))
    }
}
