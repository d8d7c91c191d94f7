//! Search requests. The API validates them.

use serde::{Deserialize, Serialize};

use super::attributes::Point;
use super::filter::DocumentFilter;
use quarry_domain::InteractionKind;

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

/// The maximum length of a highlight in characters, unless a request states another.
pub const DEFAULT_HIGHLIGHT_LENGTH: usize = 1_000;

/// A search request.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// The typed text.
    pub query: String,
    /// The filter.
    pub filter: DocumentFilter,
    /// The attributes that order hits; `sort` orders equal ones.
    pub order_by: Vec<AttributeOrder>,
    /// The order of hits.
    pub sort: SearchSort,
    /// The values that raise scores.
    pub boosts: Vec<ValueBoost>,
    /// The number of words that must match.
    pub match_policy: MatchPolicy,
    /// The last word also matches as a prefix unless a space follows it.
    pub prefix: bool,
    /// Words match similar ones if few documents contain all words as typed.
    pub typo_tolerance: bool,
    /// Any word matches if few documents contain all.
    pub relaxes: bool,
    /// The field of which each value has one hit, the best.
    pub distinct: Option<String>,
    /// The maximum number of hits.
    pub first: usize,
    /// The number of hits before the page, in place of a cursor.
    pub offset: usize,
    /// The cursor of the hit before the page.
    pub after: Option<String>,
    /// Compute highlights.
    pub highlights: bool,
    /// The maximum lengths of highlights in characters; each length gives one highlight per field.
    pub highlight_lengths: Vec<usize>,
    /// Compute corrections.
    pub corrections: bool,
    /// Explain the scores of hits.
    pub explain: bool,
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
            order_by: Vec::new(),
            sort: SearchSort::default(),
            boosts: Vec::new(),
            match_policy: MatchPolicy::default(),
            prefix: true,
            typo_tolerance: true,
            relaxes: true,
            first,
            distinct: None,
            offset: 0,
            after: None,
            highlights: false,
            highlight_lengths: vec![DEFAULT_HIGHLIGHT_LENGTH],
            corrections: false,
            explain: false,
            facets: Vec::new(),
            read_bytes: usize::MAX,
        }
    }

    /// Returns the same search for counts alone, with another filter.
    pub(crate) fn for_counts(&self, filter: DocumentFilter) -> Self {
        Self {
            filter,
            order_by: Vec::new(),
            // By time is the order without scores.
            sort: SearchSort::Newest,
            distinct: None,
            first: 0,
            offset: 0,
            after: None,
            highlights: false,
            explain: false,
            ..self.clone()
        }
    }
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortDirection {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// An order of hits by an attribute; documents without a value come last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeOrder {
    /// The attribute.
    pub name: String,
    /// The direction: of several values of a document, the first one in it counts.
    pub direction: SortDirection,
    /// The point from which distances order geo attributes.
    pub near: Option<Point>,
}

/// The fields besides attributes that facets count, as the filter names them.
pub const LABEL_FIELDS: [&str; 3] = ["source", "category", "authorKey"];

/// The name of the publication date in boosts.
pub const PUBLISHED_AT: &str = "publishedAt";

/// A factor of scores that grows with a value of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueBoost {
    /// The value.
    pub value: BoostValue,
    /// The largest increase: a weight of 1 doubles scores at most.
    pub weight: f64,
    /// The share of the weight by value.
    pub shape: BoostShape,
}

impl ValueBoost {
    /// Returns the factor of a document with a value: from 1 without one to 1 and the weight.
    ///
    /// Dates and the time of the search are microseconds since 1970.
    pub(crate) fn factor(&self, value: Option<f64>, now: i64) -> f32 {
        let share = value.map_or(0.0, |value| match self.shape {
            BoostShape::Saturation(half) => value.max(0.0) / (value.max(0.0) + half),
            BoostShape::HalfLife(micros) => (-(now as f64 - value).max(0.0) / micros).exp2(),
        });
        #[expect(clippy::cast_possible_truncation, reason = "a factor is at most 10")]
        let factor = (1.0 + self.weight * share) as f32;
        factor
    }
}

/// A value that boosts documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoostValue {
    /// A declared attribute.
    Attribute(String),
    /// The publication date.
    PublishedAt,
    /// The number of visitors who interacted with the document in this way.
    Interactions(InteractionKind),
}

/// The share of a boost's weight by the value of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BoostShape {
    /// The value of a number at which the share is a half; larger numbers approach 1.
    Saturation(f64),
    /// The age in microseconds at which the share is a half; it halves again after each such time.
    HalfLife(f64),
}

/// The order of the values of a facet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FacetOrder {
    /// Most frequent first, ties by value.
    #[default]
    Count,
    /// By value.
    Value,
}

/// The bounds of a range or an interval of numbers; an end without one is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NumberBounds {
    /// The lower bound, inclusive.
    pub from: Option<f64>,
    /// The upper bound, exclusive.
    pub to: Option<f64>,
}

/// A request for the values of fields in the matching documents.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetRequest {
    /// The attributes and label fields to count; empty: the label fields.
    pub fields: Vec<String>,
    /// The maximum number of values of each field.
    pub first: usize,
    /// The order of values.
    pub order: FacetOrder,
    /// Continues after this value and its count.
    pub after: Option<(String, u64)>,
    /// Counts only values that begin with this text, and authors with such a name.
    pub starts_with: Option<String>,
    /// Counts the values of a field regardless of the filter of that field.
    pub disjunctive: bool,
    /// Look up the names of authors.
    pub names: bool,
    /// Counts numbers within intervals of this width in place of single values.
    pub interval: Option<f64>,
    /// Counts dates within units of the calendar in place of single values.
    pub calendar: Option<CalendarUnit>,
    /// Counts numbers within these bounds in place of single values.
    pub ranges: Vec<NumberBounds>,
}

/// A unit of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarUnit {
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// A year.
    Year,
}

impl FacetRequest {
    /// Creates a request for the `first` most frequent values of each label field.
    pub fn new(first: usize) -> Self {
        Self {
            fields: Vec::new(),
            first,
            order: FacetOrder::default(),
            after: None,
            starts_with: None,
            disjunctive: false,
            names: false,
            interval: None,
            calendar: None,
            ranges: Vec::new(),
        }
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
