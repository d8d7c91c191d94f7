use async_graphql::{Context, ID, Object};

use super::edge_page::{Edge, EdgePage};
use super::facet_arguments::{CalendarUnit, FacetArguments, FacetOrder, FacetRange, is_same};
use super::search_summary::SearchSummary;
use super::{
    AppliedRule, Document, Facet, Highlight, HitExplanation, MatchTier, PageInfo, SearchInterpretation, int,
};
use crate::failure::Failure;
use crate::list::List;
use crate::pagination::ConnectionPage;
use crate::scalars::{Flag, OrDefault};
use crate::services::Services;
use quarry_domain::SessionId;
use quarry_keystroke::Mask;
use quarry_search::{FacetRequest, Hit, SearchAnswer, SearchCursor, SearchRequest};

/// The GraphQL type of an edge to a matching document.
pub(crate) struct SearchEdge {
    cursor: SearchCursor,
    node: Document,
    score: f32,
    tier: MatchTier,
    collapsed: u64,
    pinned: bool,
    explanation: Option<HitExplanation>,
    /// Each with its length in characters.
    highlights: Vec<(usize, Highlight)>,
}

impl From<Hit> for SearchEdge {
    fn from(hit: Hit) -> Self {
        Self {
            cursor: hit.cursor,
            node: Document(hit.document),
            score: hit.score,
            tier: hit.tier.into(),
            collapsed: hit.collapsed,
            pinned: hit.pinned,
            explanation: hit.explanation.map(HitExplanation),
            highlights: Highlight::by_length(hit.highlights),
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

    /// The way in which this document matches the query. Edges are ordered by it first.
    async fn tier(&self) -> MatchTier {
        self.tier
    }

    /// The number of other matching documents with the same value of the field `distinct`; 0 without it.
    async fn collapsed_count(&self) -> i32 {
        int(self.collapsed)
    }

    /// True if a rule pinned this document at its position. Its `tier` is ALL_WORDS and its `score` 0.
    async fn pinned(&self) -> bool {
        self.pinned
    }

    /// The parts of the score of this document; null without the argument `explain: true` of `search`, which requires the
    /// scope ADMIN.
    async fn explanation(&self) -> Option<&HitExplanation> {
        self.explanation.as_ref()
    }

    /// The fields with matches, one entry each; of searched attributes, each value with matches. Computed only if selected.
    async fn highlights(
        &self,
        #[graphql(
            desc = "The maximum length of each field in characters: 1,000 by default, 20 to 10,000. A longer text is \
                    represented by the fragment with the most matches."
        )]
        length: Option<i32>,
    ) -> Result<List<Vec<&Highlight>>, Failure> {
        Highlight::of_length(&self.highlights, length)
    }
}

/// The GraphQL type of a search result.
pub(crate) struct SearchConnection {
    page: EdgePage<SearchEdge>,
    /// Each request with its facets.
    facets: Vec<(FacetRequest, Vec<quarry_search::Facet>)>,
    summary: SearchSummary,
}

impl SearchConnection {
    pub(crate) fn new(
        mut answer: SearchAnswer,
        request: SearchRequest,
        session: Option<SessionId>,
        mask: Option<Mask>,
    ) -> Self {
        let has_previous = request.after.is_some() || request.offset > 0;
        let summary = SearchSummary::take(&mut answer, request.query, session, mask);
        let page = ConnectionPage { items: answer.hits, has_previous, has_next: answer.has_next };
        Self {
            page: EdgePage::new(page, SearchEdge::from),
            facets: request.facets.into_iter().zip(answer.facets).collect(),
            summary,
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
        int(self.summary.total)
    }

    /// True if few documents contain all words, so documents that contain any of them follow.
    async fn relaxed(&self) -> bool {
        self.summary.relaxed
    }

    /// The interpretation of the query: how strictly documents match, and which words were corrected.
    async fn interpretation(&self) -> &SearchInterpretation {
        &self.summary.interpretation
    }

    /// The counts of all matching documents by source, category and author, or by the given attributes. Computed only if
    /// selected; at most 8 selections may differ in their arguments.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the contract's")]
    async fn facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The declared attributes to count, and `source`, `category` and `authorKey`: at most 20. By default \
                    these three."
        )]
        attributes: Option<Vec<String>>,
        #[graphql(desc = "Returns the first n values of each field: 10 by default, at most 100.")]
        first: Option<i32>,
        #[graphql(
            desc = "Returns the values after this `endCursor`; requires exactly one field in `attributes`."
        )]
        after: Option<String>,
        #[graphql(default, desc = "The order of the values; intervals are ordered by value.")]
        order: OrDefault<FacetOrder>,
        #[graphql(
            desc = "Returns only values that begin with this text, regardless of case and accents, and authors whose key or name \
                    does: at most 100 characters. Does not apply to numbers and dates."
        )]
        starts_with: Option<String>,
        #[graphql(
            default,
            desc = "Count the values of a field regardless of its own filter, so that other values can be chosen."
        )]
        disjunctive: Flag<false>,
        #[graphql(
            desc = "Count numbers, or dates in days since 1970 (UTC), within intervals of this width that contain at \
                    least one document; requires exactly one attribute."
        )]
        interval: Option<f64>,
        #[graphql(
            desc = "Count dates within weeks, months, quarters or years (UTC) that contain at least one document; requires \
                    exactly one attribute of type date."
        )]
        calendar: Option<CalendarUnit>,
        #[graphql(
            desc = "Count numbers or dates within these ranges: at most 100; requires exactly one attribute."
        )]
        ranges: Option<Vec<FacetRange>>,
    ) -> Result<List<Vec<Facet>>, Failure> {
        let (order, disjunctive) = (order.0, disjunctive.0);
        let arguments = FacetArguments {
            attributes,
            first,
            after,
            order,
            starts_with,
            disjunctive,
            interval,
            calendar,
            ranges,
        };
        let request = arguments.checked(ctx, &Services::of(ctx)?.search.attributes())?;
        let found = self.facets.iter().find(|(known, _)| is_same(known, &request));
        Ok(found.iter().flat_map(|(_, facets)| facets).map(|facet| Facet::of(facet, &request)).collect())
    }

    /// The rules that applied to this search, in order of priority.
    async fn applied_rules(&self) -> List<&[AppliedRule]> {
        List(&self.summary.applied_rules)
    }

    /// The URL to which a rule leads the user in place of this result, or null.
    async fn redirect(&self) -> Option<&str> {
        self.summary.redirect.as_deref()
    }

    /// The time spent in the search engine, in milliseconds.
    async fn took_ms(&self) -> f64 {
        self.summary.took_ms
    }

    /// The id of this search result. Pass it to `recordInteraction`: it contains the time, and digests of the query and
    /// the tracked session, by which reports relate interactions to logged searches.
    async fn search_id(&self) -> ID {
        self.summary.id.get()
    }
}
