use std::sync::Arc;

use async_graphql::{Context, Object};

use super::edge_page::{EdgePage, StoreEdge};
use super::{Document, PageInfo, int};
use crate::failure::Failure;
use crate::list::List;
use crate::loaders::{AuthorCount, Loaders};
use crate::pagination::ConnectionPage;
use quarry_domain::AuthorId;

/// The GraphQL type of a connection to an author's documents.
pub(crate) struct DocumentConnection {
    author: AuthorId,
    page: EdgePage<StoreEdge<Document>>,
}

impl DocumentConnection {
    pub(super) fn new(author: AuthorId, page: ConnectionPage<Arc<quarry_domain::Document>>) -> Self {
        let edge = |document: Arc<quarry_domain::Document>| {
            StoreEdge::new((document.published_at, document.id), document.into())
        };
        Self { author, page: EdgePage::new(page, edge) }
    }
}

/// A connection to documents.
#[Object]
impl DocumentConnection {
    /// The edges of this page of the connection.
    async fn edges(&self) -> List<&[StoreEdge<Document>]> {
        self.page.edges()
    }

    /// The nodes of this page of the connection.
    async fn nodes(&self) -> List<Vec<&Document>> {
        self.page.nodes()
    }

    /// The position of this page within the connection.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// The number of documents in the whole connection.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Loaders::load(ctx, AuthorCount(self.author)).await?.unwrap_or(0)))
    }
}
