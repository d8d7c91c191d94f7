use async_graphql::{Context, Object};

use super::edge_page::{Edge, EdgePage};
use super::{PageInfo, Search, int};
use crate::error::Failure;
use crate::list::List;
use crate::pagination::{Page, SearchLogCursor};
use crate::services::Services;
use quarry_domain::LoggedSearch;
use quarry_store::SearchLogFilter;

/// A logged search in a list, as GraphQL shows it.
pub(crate) struct SearchLogEdge {
    cursor: String,
    node: Search,
}

/// A logged search in a list.
#[Object]
impl SearchLogEdge {
    /// Continues the list after this search.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The search.
    async fn node(&self) -> &Search {
        &self.node
    }
}

impl Edge for SearchLogEdge {
    type Node = Search;

    fn node(&self) -> &Search {
        &self.node
    }

    fn cursor(&self) -> String {
        self.cursor.clone()
    }
}

/// A page of the search log, as GraphQL shows it.
pub(crate) struct SearchLogConnection {
    filter: SearchLogFilter,
    page: EdgePage<SearchLogEdge>,
}

impl SearchLogConnection {
    pub(crate) fn new(filter: SearchLogFilter, page: Page<LoggedSearch>) -> Self {
        let edge = |search: LoggedSearch| SearchLogEdge {
            cursor: SearchLogCursor::of(&search).into(),
            node: Search(search),
        };
        Self { filter, page: EdgePage::new(page, edge) }
    }
}

/// A page of the search log.
#[Object]
impl SearchLogConnection {
    /// The searches of this page, with their cursors.
    async fn edges(&self) -> List<&[SearchLogEdge]> {
        self.page.edges()
    }

    /// The searches of this page.
    async fn nodes(&self) -> List<Vec<&Search>> {
        self.page.nodes()
    }

    /// Where this page stands in the log.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// How many searches meet the filter, whatever the page. Counted when selected: over a long log without a
    /// filter that takes a while.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Services::of(ctx)?.store.count_searches(&self.filter).await?))
    }
}
