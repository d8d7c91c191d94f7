use std::sync::OnceLock;

use async_graphql::{Context, ID, Object};

use super::edge_page::{Edge, EdgePage};
use super::{Document, Facet, Highlight, PageInfo, int};
use crate::failure::Failure;
use crate::list::List;
use crate::pagination::{ConnectionPage, page_size};
use quarry_domain::{QueryDigest, SearchId, comparison_key};
use quarry_search::{Hit, SearchAnswer, SearchCursor, SearchRequest};

/// The GraphQL type of an edge to a matching document.
pub(crate) struct SearchEdge {
    cursor: SearchCursor,
    node: Document,
    score: f32,
    /// Each with its length in characters.
    highlights: Vec<(usize, Highlight)>,
}

impl From<Hit> for SearchEdge {
    fn from(hit: Hit) -> Self {
        Self {
            cursor: hit.cursor,
            node: Document(hit.document),
            score: hit.score,
            highlights: hit.highlights.into_iter().map(|found| (found.length, found.into())).collect(),
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

/// An edge to a matching document.
#[Object]
impl SearchEdge {
    /// The cursor of this document, for `after`.
    async fn cursor(&self) -> String {
        self.cursor.encode()
    }

    /// The document as stored in the index.
    async fn node(&self) -> &Document {
        &self.node
    }

    /// The relevance score: comparable within one search result only.
    async fn score(&self) -> f64 {
        self.score.into()
    }

    /// The fields with matches, one entry each. Computed only if selected.
    async fn highlights(
        &self,
        #[graphql(
            desc = "The maximum length of each field in characters: 1,000 by default, 20 to 10,000. A longer text is \
                    represented by the fragment with the most matches."
        )]
        length: Option<i32>,
    ) -> Result<List<Vec<&Highlight>>, Failure> {
        let length = Highlight::checked(length)?;
        let highlights = self.highlights.iter().filter(|(requested, _)| *requested == length);
        Ok(highlights.map(|(_, highlight)| highlight).collect())
    }
}

/// The GraphQL type of a search result.
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
        let page = ConnectionPage { items: answer.hits, has_previous, has_next: answer.has_next };
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

/// A connection to the documents that match a search.
#[Object]
impl SearchConnection {
    /// The edges of this page of the connection, with scores and highlights.
    async fn edges(&self) -> List<&[SearchEdge]> {
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

    /// The number of matching documents, over all pages.
    async fn total_count(&self) -> i32 {
        int(self.total)
    }

    /// True if no document contains all words, so documents that contain any of them are returned.
    async fn relaxed(&self) -> bool {
        self.relaxed
    }

    /// The counts of all matching documents by source, category and author. Computed only if selected.
    async fn facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n values of each field: 10 by default, at most 100.")]
        first: Option<i32>,
    ) -> Result<List<Vec<Facet>>, Failure> {
        let size = page_size(ctx, first)?;
        Ok(self.facets.iter().map(|facet| Facet::top(facet, size)).collect())
    }

    /// The time spent in the search engine, in milliseconds.
    async fn took_ms(&self) -> f64 {
        self.took_ms
    }

    /// The unique id of this search result. Pass it to `recordInteraction`: it contains a digest of the query, by which
    /// reports relate clicks to searches.
    async fn search_id(&self) -> ID {
        let id = self
            .id
            .get_or_init(|| SearchId::new(rand::random(), QueryDigest::of(&comparison_key(&self.query))));
        ID(id.to_string())
    }
}
