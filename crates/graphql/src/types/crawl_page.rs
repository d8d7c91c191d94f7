use async_graphql::{Context, Object};

use super::edge_page::{Edge, EdgePage};
use super::{PageInfo, int};
use crate::error::Failure;
use crate::list::List;
use crate::pagination::{Page, page_cursor};
use crate::scalars::DateTime;
use crate::services::Services;
use quarry_domain::CrawlId;

/// A line of a crawl's ledger, as GraphQL shows it.
#[derive(Clone)]
pub(crate) struct CrawlPage(quarry_domain::CrawlPage);

/// One page of a crawl, and what it took to get it.
#[Object]
impl CrawlPage {
    /// The running number of the page within its crawl, over all passes, from 0.
    async fn position(&self) -> i32 {
        int(self.0.position.0)
    }

    /// Which pass over the upstream it belongs to, from 1.
    async fn sweep(&self) -> i32 {
        self.0.sweep
    }

    /// Requests made for this page, failed ones too.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// The HTTP status of the latest attempt; null when no answer came.
    async fn status(&self) -> Option<i32> {
        self.0.status
    }

    /// Items on the page; 0 until it was taken.
    async fn documents(&self) -> i32 {
        self.0.documents
    }

    /// A digest of the page's keys, to tell pages that were served twice; null until the page was taken.
    async fn hash(&self) -> Option<&str> {
        self.0.hash.as_deref()
    }

    /// What went wrong before the page was taken, attempt by attempt.
    async fn failures(&self) -> List<&[String]> {
        List(&self.0.failures)
    }

    /// When the latest attempt began.
    async fn fetched_at(&self) -> DateTime {
        DateTime(self.0.fetched_at)
    }
}

/// A page of a crawl in a list, as GraphQL shows it.
pub(crate) struct CrawlPageEdge {
    cursor: String,
    node: CrawlPage,
}

/// A page of a crawl in a list.
#[Object]
impl CrawlPageEdge {
    /// Continues the list after this page.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The page.
    async fn node(&self) -> &CrawlPage {
        &self.node
    }
}

impl Edge for CrawlPageEdge {
    type Node = CrawlPage;

    fn node(&self) -> &CrawlPage {
        &self.node
    }

    fn cursor(&self) -> String {
        self.cursor.clone()
    }
}

/// A part of a crawl's ledger.
pub(crate) struct CrawlPageConnection {
    crawl: CrawlId,
    page: EdgePage<CrawlPageEdge>,
}

impl CrawlPageConnection {
    pub(super) fn new(crawl: CrawlId, page: Page<quarry_domain::CrawlPage>) -> Self {
        let edge = |page: quarry_domain::CrawlPage| CrawlPageEdge {
            cursor: page_cursor(page.position),
            node: CrawlPage(page),
        };
        Self { crawl, page: EdgePage::new(page, edge) }
    }
}

/// A part of a crawl's ledger.
#[Object]
impl CrawlPageConnection {
    /// The pages of this part, with their cursors.
    async fn edges(&self) -> List<&[CrawlPageEdge]> {
        self.page.edges()
    }

    /// The pages of this part.
    async fn nodes(&self) -> List<Vec<&CrawlPage>> {
        self.page.nodes()
    }

    /// Where this part stands in the ledger.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// How many pages the ledger has.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Services::of(ctx)?.store.crawl_page_count(self.crawl).await?))
    }
}
