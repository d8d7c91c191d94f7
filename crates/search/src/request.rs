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
    /// All words; then any word if few documents contain all and the search relaxes.
    #[default]
    All,
    /// Any word.
    Any,
}

/// The filter of a search. An empty list does not restrict it.
///
/// Stored rules contain it as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DocumentFilter {
    /// Any of these sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// Any of these categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub category: Vec<String>,
    /// Any of these authors, by their key at the source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub author_key: Vec<String>,
    /// Published at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_from: Option<Timestamp>,
    /// Published before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_before: Option<Timestamp>,
}

/// The maximum size of a filter that is the key of a cache, in bytes.
const MAX_CACHED_BYTES: usize = 512;

impl DocumentFilter {
    /// Returns true if it is small enough to be the key of a cache.
    pub(crate) fn is_small(&self) -> bool {
        let labels = self.source.iter().chain(&self.category).chain(&self.author_key);
        labels.map(|label| label.len() + size_of::<String>()).sum::<usize>() <= MAX_CACHED_BYTES
    }

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
    /// Words match similar ones if few documents contain all words as typed.
    pub typo_tolerance: bool,
    /// Any word matches if few documents contain all.
    pub relaxes: bool,
    /// The maximum number of hits.
    pub first: usize,
    /// The cursor of the hit before the page.
    pub after: Option<String>,
    /// Compute highlights.
    pub highlights: bool,
    /// The maximum lengths of highlights in characters; each length gives one highlight per field.
    pub highlight_lengths: Vec<usize>,
    /// Compute corrections.
    pub corrections: bool,
    /// The facets to compute.
    pub facets: Vec<FacetRequest>,
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
            corrections: false,
            facets: Vec::new(),
            read_bytes: usize::MAX,
        }
    }
}

/// A request for the most frequent values of each label field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacetRequest {
    /// The maximum number of values of each field.
    pub first: usize,
    /// Counts only values that begin with this text, and authors with such a name.
    pub starts_with: Option<String>,
    /// Counts the values of a field regardless of the filter of that field.
    pub disjunctive: bool,
    /// Look up the names of authors.
    pub names: bool,
}

impl FacetRequest {
    /// Creates a request for the `first` most frequent values.
    pub fn new(first: usize) -> Self {
        Self { first, starts_with: None, disjunctive: false, names: false }
    }
}

/// A request for completions of a text being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionRequest {
    /// The typed text.
    pub text: String,
    /// The documents whose words complete it.
    pub filter: DocumentFilter,
    /// The maximum number of completions.
    pub limit: usize,
}
