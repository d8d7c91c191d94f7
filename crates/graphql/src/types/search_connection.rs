use std::sync::OnceLock;

use async_graphql::{Context, ID, Object};

use super::edge_page::{Edge, EdgePage};
use super::{Document, Facet, Highlight, PageInfo, int};
use crate::error::Failure;
use crate::list::List;
use crate::pagination::{Page, page_size};
use quarry_domain::{QueryDigest, SearchId, comparison_key};
use quarry_search::{Hit, SearchAnswer, SearchCursor, SearchRequest};

/// A found document, as GraphQL shows it.
pub(crate) struct SearchEdge {
    cursor: SearchCursor,
    node: Document,
    score: f32,
    highlights: Vec<Highlight>,
}

impl From<Hit> for SearchEdge {
    fn from(hit: Hit) -> Self {
        Self {
            cursor: hit.cursor,
            node: Document(hit.document),
            score: hit.score,
            highlights: hit.highlights.into_iter().map(Highlight::from).collect(),
        }
    }
}

impl Edge for SearchEdge {
    type Node = Document;

    fn node(&self) -> &Document {
        &self.node
    }

    fn cursor(&self) -> String {
        self.cursor.encode()
    }
}

/// A found document.
#[Object]
impl SearchEdge {
    /// Continues the search after this document.
    async fn cursor(&self) -> String {
        self.cursor.encode()
    }

    /// The document, as the index holds it.
    async fn node(&self) -> &Document {
        &self.node
    }

    /// Its relevance; comparable within one answer only.
    async fn score(&self) -> f64 {
        self.score.into()
    }

    /// Where the words matched, one entry a field. Computed only when selected.
    async fn highlights(&self) -> List<&[Highlight]> {
        List(&self.highlights)
    }
}

/// What a search found, as GraphQL shows it.
pub(crate) struct SearchConnection {
    page: EdgePage<SearchEdge>,
    total: u64,
    relaxed: bool,
    facets: Vec<quarry_search::Facet>,
    took_ms: f64,
    query: String,
    id: OnceLock<SearchId>,
}

impl SearchConnection {
    pub(crate) fn new(answer: SearchAnswer, request: SearchRequest) -> Self {
        let has_previous = request.after.is_some();
        let page = Page { items: answer.hits, has_previous, has_next: answer.has_next };
        Self {
            page: EdgePage::new(page, SearchEdge::from),
            total: answer.total,
            relaxed: answer.relaxed,
            facets: answer.facets,
            took_ms: answer.took.as_secs_f64() * 1_000.0,
            query: request.query,
            id: OnceLock::new(),
        }
    }
}

/// A page of found documents.
#[Object]
impl SearchConnection {
    /// The documents of this page, with their cursors, scores and highlights.
    async fn edges(&self) -> List<&[SearchEdge]> {
        self.page.edges()
    }

    /// The documents of this page.
    async fn nodes(&self) -> List<Vec<&Document>> {
        self.page.nodes()
    }

    /// Where this page stands among all that was found.
    async fn page_info(&self) -> PageInfo {
        self.page.info()
    }

    /// How many documents match, whatever the page.
    async fn total_count(&self) -> i32 {
        int(self.total)
    }

    /// True when no document had all the words and the answer was found with any of them.
    async fn relaxed(&self) -> bool {
        self.relaxed
    }

    /// How all the found documents spread over sources, categories and authors. Computed only when selected.
    async fn facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many values of each field to return: 10 unless given, at most 100.")]
        first: Option<i32>,
    ) -> Result<List<Vec<Facet>>, Failure> {
        let size = page_size(ctx, first)?;
        Ok(self.facets.iter().map(|facet| Facet::top(facet, size)).collect())
    }

    /// Time in the search engine, in milliseconds.
    async fn took_ms(&self) -> f64 {
        self.took_ms
    }

    /// Names this answer, unlike any other. Quote it in `recordInteraction`: it carries a digest of the query, so
    /// that reports can tell which searches led to clicks.
    async fn search_id(&self) -> ID {
        let id = self
            .id
            .get_or_init(|| SearchId::new(rand::random(), QueryDigest::of(&comparison_key(&self.query))));
        ID(id.to_string())
    }
}
