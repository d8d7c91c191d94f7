use async_graphql::{Context, Object};

use super::edge_page::{EdgePage, StoreEdge};
use super::{PageInfo, Search, int};
use crate::failure::Failure;
use crate::list::List;
use crate::pagination::ConnectionPage;
use crate::services::Services;
use quarry_domain::LoggedSearch;
use quarry_store::SearchLogFilter;

/// The GraphQL type of a connection to the search log.
pub(crate) struct SearchLogConnection {
    filter: SearchLogFilter,
    page: EdgePage<StoreEdge<Search>>,
}

impl SearchLogConnection {
    pub(crate) fn new(filter: SearchLogFilter, page: ConnectionPage<LoggedSearch>) -> Self {
        let edge =
            |search: LoggedSearch| StoreEdge::new((search.last_keystroke_at, search.id), Search(search));
        Self { filter, page: EdgePage::new(page, edge) }
    }
}

/// A connection to the search log.
#[Object]
impl SearchLogConnection {
    /// The edges of this page of the connection.
    async fn edges(&self) -> List<&[StoreEdge<Search>]> {
        self.page.edges()
    }

    /// The nodes of this page of the connection.
    async fn nodes(&self) -> List<Vec<&Search>> {
        self.page.nodes()
    }

    /// The position of this page within the connection.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// The number of searches that match the filter, over all pages. Counted only if selected; counting a long log
    /// without a filter is slow.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Services::of(ctx)?.store.count_searches(&self.filter).await?))
    }
}
