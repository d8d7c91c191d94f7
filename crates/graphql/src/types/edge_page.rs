use async_graphql::{Object, OutputType};

use super::{CrawlPage, Document, PageInfo, Search};
use crate::list::List;
use crate::pagination::{ConnectionPage, CursorPosition, encode_cursor};

/// An edge of any connection.
pub(crate) trait Edge {
    type Node;

    fn node(&self) -> &Self::Node;
    fn cursor(&self) -> String;
}

/// The GraphQL type of an edge of a connection that is read from the store.
pub(crate) struct StoreEdge<N> {
    cursor: String,
    node: N,
}

impl<N> StoreEdge<N> {
    pub(super) fn new(position: impl CursorPosition, node: N) -> Self {
        Self { cursor: encode_cursor(position), node }
    }
}

/// An edge of a connection: a node and its cursor.
#[Object(
    concrete(name = "CrawlPageEdge", params(CrawlPage)),
    concrete(name = "DocumentEdge", params(Document)),
    concrete(name = "SearchLogEdge", params(Search))
)]
impl<N: OutputType> StoreEdge<N> {
    /// The cursor of the node, for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The node.
    async fn node(&self) -> &N {
        &self.node
    }
}

impl<N> Edge for StoreEdge<N> {
    type Node = N;

    fn node(&self) -> &N {
        &self.node
    }

    fn cursor(&self) -> String {
        self.cursor.clone()
    }
}

/// A page of edges and its position, which all connections have.
pub(crate) struct EdgePage<E> {
    edges: Vec<E>,
    has_previous: bool,
    has_next: bool,
}

impl<E: Edge> EdgePage<E> {
    pub(super) fn new<T>(page: ConnectionPage<T>, edge: impl FnMut(T) -> E) -> Self {
        Self {
            edges: page.items.into_iter().map(edge).collect(),
            has_previous: page.has_previous,
            has_next: page.has_next,
        }
    }

    pub(super) fn edges(&self) -> List<&[E]> {
        List(&self.edges)
    }

    pub(super) fn nodes(&self) -> List<Vec<&E::Node>> {
        self.edges.iter().map(Edge::node).collect()
    }

    pub(super) fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.edges.first().map(Edge::cursor),
            end_cursor: self.edges.last().map(Edge::cursor),
        }
    }
}
