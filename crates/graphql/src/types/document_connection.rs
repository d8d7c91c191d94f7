use std::sync::Arc;

use async_graphql::{Context, Object};

use super::edge_page::{Edge, EdgePage};
use super::{Document, PageInfo, int};
use crate::error::Failure;
use crate::list::List;
use crate::loaders::{AuthorCount, Loaders};
use crate::pagination::{DocumentCursor, Page};
use quarry_domain::AuthorId;

/// A document in a list, as GraphQL shows it.
pub(crate) struct DocumentEdge {
    cursor: String,
    node: Document,
}

/// A document in a list.
#[Object]
impl DocumentEdge {
    /// Continues the list after this document.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The document.
    async fn node(&self) -> &Document {
        &self.node
    }
}

impl Edge for DocumentEdge {
    type Node = Document;

    fn node(&self) -> &Document {
        &self.node
    }

    fn cursor(&self) -> String {
        self.cursor.clone()
    }
}

/// A page of an author's documents.
pub(crate) struct DocumentConnection {
    author: AuthorId,
    page: EdgePage<DocumentEdge>,
}

impl DocumentConnection {
    pub(super) fn new(author: AuthorId, page: Page<Arc<quarry_domain::Document>>) -> Self {
        let edge = |document: Arc<quarry_domain::Document>| DocumentEdge {
            cursor: DocumentCursor::of(&document).into(),
            node: document.into(),
        };
        Self { author, page: EdgePage::new(page, edge) }
    }
}

/// A page of a list of documents.
#[Object]
impl DocumentConnection {
    /// The documents of this page, with their cursors.
    async fn edges(&self) -> List<&[DocumentEdge]> {
        self.page.edges()
    }

    /// The documents of this page.
    async fn nodes(&self) -> List<Vec<&Document>> {
        self.page.nodes()
    }

    /// Where this page stands in the list.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// How many documents the whole list has.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Loaders::load(ctx, AuthorCount(self.author)).await?.unwrap_or(0)))
    }
}
