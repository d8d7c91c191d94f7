use async_graphql::{Context, Object};

use super::edge_page::{EdgePage, StoreEdge};
use super::{CrawlPage, PageInfo, int};
use crate::failure::Failure;
use crate::list::List;
use crate::pagination::ConnectionPage;
use crate::services::Services;
use quarry_domain::CrawlId;

/// The GraphQL type of a connection to the pages of a crawl.
pub(crate) struct CrawlPageConnection {
    crawl: CrawlId,
    page: EdgePage<StoreEdge<CrawlPage>>,
}

impl CrawlPageConnection {
    pub(super) fn new(crawl: CrawlId, page: ConnectionPage<quarry_domain::CrawlPage>) -> Self {
        let edge = |page: quarry_domain::CrawlPage| StoreEdge::new(page.position, CrawlPage(page));
        Self { crawl, page: EdgePage::new(page, edge) }
    }
}

/// A connection to the pages of a crawl.
#[Object]
impl CrawlPageConnection {
    /// The edges of this page of the connection.
    async fn edges(&self) -> List<&[StoreEdge<CrawlPage>]> {
        self.page.edges()
    }

    /// The nodes of this page of the connection.
    async fn nodes(&self) -> List<Vec<&CrawlPage>> {
        self.page.nodes()
    }

    /// The position of this page within the connection.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// The number of pages that the crawl has.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Services::of(ctx)?.store.crawl_page_count(self.crawl).await?))
    }
}
