use super::PageInfo;
use crate::list::List;
use crate::pagination::Page;

/// An item of a list, with what continues the list after it.
pub(crate) trait Edge {
    type Node;

    fn node(&self) -> &Self::Node;
    fn cursor(&self) -> String;
}

/// What every connection shows alike: the edges of a page, and where the page stands.
pub(crate) struct EdgePage<E> {
    edges: Vec<E>,
    has_previous: bool,
    has_next: bool,
}

impl<E: Edge> EdgePage<E> {
    pub(super) fn new<T>(page: Page<T>, edge: impl FnMut(T) -> E) -> Self {
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
