use async_graphql::{ID, Object};

use super::search_summary::SearchSummary;
use super::{AppliedRule, Document, Highlight, MatchTier, SearchInterpretation, int};
use crate::failure::Failure;
use crate::list::List;
use quarry_keystroke::Mask;
use quarry_search::{MergedAnswer, MergedPlace};

/// The GraphQL type of the result of several searches.
pub(crate) struct MergedSearch {
    hits: Vec<MergedHit>,
    has_next_page: bool,
    searches: Vec<MergedPart>,
}

/// The GraphQL type of a document that at least one of several searches found.
pub(crate) struct MergedHit {
    document: Document,
    score: f64,
    tier: MatchTier,
    /// Each with its length in characters.
    highlights: Vec<(usize, Highlight)>,
    places: Vec<MergedPlace>,
}

/// The GraphQL type of the place of a document in one of several searches.
pub(crate) struct SearchPlace(MergedPlace);

/// The GraphQL type of the result of one of several searches.
pub(crate) struct MergedPart(SearchSummary);

impl MergedSearch {
    /// Returns a page of an answer to searches with these queries.
    pub(crate) fn new(
        answer: MergedAnswer,
        queries: Vec<String>,
        mask: Option<&Mask>,
        offset: usize,
        first: usize,
    ) -> Self {
        let has_next_page = answer.hits.len() > offset.saturating_add(first);
        let hits = answer.hits.into_iter().skip(offset).take(first);
        let parts = answer.answers.into_iter().zip(queries);
        let part =
            |(mut answer, query)| MergedPart(SearchSummary::take(&mut answer, query, None, mask.cloned()));
        Self { hits: hits.map(MergedHit::from).collect(), has_next_page, searches: parts.map(part).collect() }
    }
}

impl From<quarry_search::MergedHit> for MergedHit {
    fn from(merged: quarry_search::MergedHit) -> Self {
        Self {
            document: Document(merged.hit.document),
            score: merged.score,
            tier: merged.hit.tier.into(),
            highlights: Highlight::by_length(merged.hit.highlights),
            places: merged.places,
        }
    }
}

/// The documents of several searches, merged into one list.
#[Object]
impl MergedSearch {
    /// The documents of this page, best first, each once.
    async fn hits(&self) -> List<&[MergedHit]> {
        List(&self.hits)
    }

    /// True if further documents follow.
    async fn has_next_page(&self) -> bool {
        self.has_next_page
    }

    /// The result of each search, in the order of the argument.
    async fn searches(&self) -> List<&[MergedPart]> {
        List(&self.searches)
    }
}

/// A document that at least one of several searches found.
#[Object]
impl MergedHit {
    /// The document as stored in the index.
    async fn document(&self) -> &Document {
        &self.document
    }

    /// The sum of the scores of `places`.
    async fn score(&self) -> f64 {
        self.score
    }

    /// The way in which this document matches the first search that found it.
    async fn tier(&self) -> MatchTier {
        self.tier
    }

    /// The place of this document in each search that found it, in the order of the searches.
    async fn places(&self) -> List<Vec<SearchPlace>> {
        List(self.places.iter().map(|place| SearchPlace(*place)).collect())
    }

    /// The fields with matches of the first search that found this document. Computed only if selected.
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

/// The place of a document in one of several searches.
#[Object]
impl SearchPlace {
    /// The index of the search, from 0.
    async fn search(&self) -> i32 {
        int(self.0.search as u64)
    }

    /// The rank of the document in that search, from 1: `recordInteraction` takes it as `position`.
    async fn rank(&self) -> i32 {
        int(self.0.rank as u64)
    }

    /// The score: the weight of the search, times the share of its best score. That of a pinned document is the weight.
    async fn score(&self) -> f64 {
        self.0.score
    }
}

/// The result of one of several searches.
#[Object]
impl MergedPart {
    /// The number of documents that match this search.
    async fn total_count(&self) -> i32 {
        int(self.0.total)
    }

    /// True if few documents contain all words, so documents that contain any of them follow.
    async fn relaxed(&self) -> bool {
        self.0.relaxed
    }

    /// The interpretation of the query: how strictly documents match, and which words were corrected.
    async fn interpretation(&self) -> &SearchInterpretation {
        &self.0.interpretation
    }

    /// The rules that applied to this search, in order of priority.
    async fn applied_rules(&self) -> List<&[AppliedRule]> {
        List(&self.0.applied_rules)
    }

    /// The URL to which a rule leads the user in place of this result, or null.
    async fn redirect(&self) -> Option<&str> {
        self.0.redirect.as_deref()
    }

    /// The time spent in the search engine, in milliseconds.
    async fn took_ms(&self) -> f64 {
        self.0.took_ms
    }

    /// The id of this search's result, for `recordInteraction`.
    async fn search_id(&self) -> ID {
        self.0.id.get()
    }
}
