use async_graphql::{Context, Object, SimpleObject};

use super::{Document, PageInfo, int};
use crate::domain::{self, AuthorId};
use crate::graphql::error::Failure;
use crate::graphql::loaders::{AuthorCount, Loaders};
use crate::graphql::pagination::{DocumentCursor, Page};

/// A document in a list.
#[derive(Clone, SimpleObject)]
pub(in crate::graphql) struct DocumentEdge {
    /// Continues the list after this document.
    cursor: String,
    /// The document.
    node: Document,
}

/// A page of an author's documents.
pub(in crate::graphql) struct DocumentConnection {
    author: AuthorId,
    edges: Vec<DocumentEdge>,
    has_previous: bool,
    has_next: bool,
}

impl DocumentConnection {
    pub(super) fn new(author: AuthorId, page: Page<domain::Document>) -> Self {
        let edge =
            |document| DocumentEdge { cursor: DocumentCursor::of(&document).into(), node: document.into() };
        Self {
            author,
            edges: page.items.into_iter().map(edge).collect(),
            has_previous: page.has_previous,
            has_next: page.has_next,
        }
    }
}

/// A page of a list of documents.
#[Object]
impl DocumentConnection {
    /// The documents of this page, with their cursors.
    async fn edges(&self) -> &[DocumentEdge] {
        &self.edges
    }

    /// The documents of this page.
    async fn nodes(&self) -> Vec<&Document> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where this page stands in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: self.edges.last().map(|edge| edge.cursor.clone()),
        }
    }

    /// How many documents the whole list has.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Loaders::load(ctx, AuthorCount(self.author)).await?.unwrap_or(0)))
    }
}
