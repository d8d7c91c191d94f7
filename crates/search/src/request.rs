//! Search requests. The API validates them.

use quarry_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// The order of hits. Ties go to the newest, then to the smaller id.
///
/// Cursors contain the index of the variant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum SearchSort {
    /// Best match first.
    #[default]
    Relevance,
    /// Latest `published_at` first; documents without one come last.
    Newest,
    /// Earliest `published_at` first; documents without one come last.
    Oldest,
}

/// The number of words that must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MatchPolicy {
    /// All words; any word if no document contains all and the search relaxes.
    #[default]
    All,
    /// Any word.
    Any,
}

/// The filter of a search. An empty list does not restrict it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DocumentFilter {
    /// Any of these sources.
    pub source: Vec<String>,
    /// Any of these categories.
    pub category: Vec<String>,
    /// Any of these authors, by their key at the source.
    pub author_key: Vec<String>,
    /// Published at this time or later.
    pub published_from: Option<Timestamp>,
    /// Published before this time.
    pub published_before: Option<Timestamp>,
}

impl DocumentFilter {
    /// Returns true if the filter restricts nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The maximum length of a highlight in characters, unless a request states another.
pub const DEFAULT_HIGHLIGHT_LENGTH: usize = 1_000;

/// A search request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// The typed text.
    pub query: String,
    /// The filter.
    pub filter: DocumentFilter,
    /// The order of hits.
    pub sort: SearchSort,
    /// The number of words that must match.
    pub match_policy: MatchPolicy,
    /// The last word also matches as a prefix unless a space follows it.
    pub prefix: bool,
    /// A word that no document contains matches similar words.
    pub typo_tolerance: bool,
    /// Any word matches if no document contains all.
    pub relaxes: bool,
    /// The maximum number of hits.
    pub first: usize,
    /// The cursor of the hit before the page.
    pub after: Option<String>,
    /// Compute highlights.
    pub highlights: bool,
    /// The maximum lengths of highlights in characters; each length gives one highlight per field.
    pub highlight_lengths: Vec<usize>,
    /// Compute facets.
    pub facets: bool,
    /// The maximum memory of documents that are not cached, in bytes.
    pub read_bytes: usize,
}

impl SearchRequest {
    /// Creates a request for `first` hits with default options.
    pub fn new(query: impl Into<String>, first: usize) -> Self {
        Self {
            query: query.into(),
            filter: DocumentFilter::default(),
            sort: SearchSort::default(),
            match_policy: MatchPolicy::default(),
            prefix: true,
            typo_tolerance: true,
            relaxes: true,
            first,
            after: None,
            highlights: false,
            highlight_lengths: vec![DEFAULT_HIGHLIGHT_LENGTH],
            facets: false,
            read_bytes: usize::MAX,
        }
    }
}
