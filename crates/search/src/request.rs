//! What is asked of a search engine: checked at the edge, plain inside.

use quarry_domain::Timestamp;

/// How hits are ordered. Ties go to the newest, then to the smaller id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SearchSort {
    /// Best match first.
    #[default]
    Relevance,
    /// Latest `published_at` first; documents without one come last.
    Newest,
    /// Earliest `published_at` first; documents without one come last.
    Oldest,
}

/// How many of the words must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MatchPolicy {
    /// All of them; any of them if no document has all and the search relaxes.
    #[default]
    All,
    /// Any of them.
    Any,
}

/// Restricts a search. An empty list restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DocumentFilter {
    /// Any of these sources.
    pub source: Vec<String>,
    /// Any of these categories.
    pub category: Vec<String>,
    /// Any of these authors, by the upstream's key.
    pub author_key: Vec<String>,
    /// Published at this time or later.
    pub published_from: Option<Timestamp>,
    /// Published before this time.
    pub published_before: Option<Timestamp>,
}

impl DocumentFilter {
    /// Whether it restricts nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchRequest {
    /// What was typed.
    pub query: String,
    /// Restrictions.
    pub filter: DocumentFilter,
    /// Order of the hits.
    pub sort: SearchSort,
    /// How many words must match.
    pub match_policy: MatchPolicy,
    /// The last word also matches as a prefix unless a space follows it.
    pub prefix: bool,
    /// A word that no document has stands for its neighbours.
    pub typo_tolerance: bool,
    /// Where no document has all the words, any of them count.
    pub relaxes: bool,
    /// Hits to return.
    pub first: usize,
    /// Continues after this hit's cursor.
    pub after: Option<String>,
    /// Compute highlights.
    pub highlights: bool,
    /// Compute facets.
    pub facets: bool,
    /// Memory that documents may take which are not in memory yet, in bytes.
    pub read_bytes: usize,
}

impl SearchRequest {
    /// A search for some text with every option at its default and `first` hits.
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
            facets: false,
            read_bytes: usize::MAX,
        }
    }
}
