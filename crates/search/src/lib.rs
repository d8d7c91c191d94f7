//! Full-text search and suggestions, from the index alone.
//!
//! - [`SearchEngine`]: the seam; `tantivy_engine` implements it.
//! - `request`, `engine`, `cursor`: requests, answers, and the position of a hit between pages.
//! - `filter`, `attributes`: conditions of documents; declared attributes and their values in a document.
//! - `field_weights`, `explanation`: the weights of fields in scores; the parts of the score of a hit.
//! - `analysis`, `query`, `typed_text`: text to terms, typed text to a query and to its last word.
//! - `highlight`, `fragment`: matches in the text of a hit, and the part of a long text to show.
//! - `rules`, `rule_store`: synonyms, stop words and rules, compiled; their way from the store to the engine.
//! - `indexer`: applies the changes of the store to the engine.
//! - `suggestions`: completions of typed text from logged searches and words of the index.
//!
//! Deliberately not here: documents of the store that are not indexed yet, and authorization.

mod analysis;
mod attributes;
mod cursor;
mod engine;
mod explanation;
mod field_weights;
mod filter;
mod fragment;
mod highlight;
mod indexer;
mod query;
mod request;
mod rule_store;
mod rules;
mod suggestions;
pub mod tantivy_engine;
mod typed_text;

pub use attributes::{Attributes, DeclaredAttribute, Point, date_text};
pub use cursor::SearchCursor;
pub use engine::{
    Batch, Correction, EngineHealth, Facet, FacetBucket, FacetStats, Highlight, Hit, SearchAnswer,
    SearchEngine, SearchError,
};
pub use explanation::{Explanation, FactorScore, MatchKind, TermScore, WordScore};
pub use field_weights::FieldWeights;
pub use filter::{
    AttributeCondition, AttributeTest, DateRange, DocumentFilter, GeoBox, MAX_FILTER_DEPTH,
    MAX_FILTER_VALUE_CHARS, MAX_FILTER_VALUES, NumberRange,
};
pub use indexer::{IndexError, IndexFollower, IndexProgress, IndexStep, Indexer};
pub use quarry_domain::MatchTier;
pub use request::{
    AttributeBoost, AttributeOrder, BoostShape, CalendarUnit, CompletionRequest, DEFAULT_HIGHLIGHT_LENGTH,
    FacetOrder, FacetRequest, LABEL_FIELDS, MatchPolicy, NumberBounds, PUBLISHED_AT, SearchRequest,
    SearchSort, SortDirection,
};
pub use rule_store::{RuleStep, RuleStore, read_rules, rule_entries};
pub use rules::{
    AppliedRule, HiddenDocument, PinnedDocument, RuleCondition, RuleDocument, RuleProblem, Rulebook,
    ScoreFactor, SearchRule, StopWordSet, SynonymSet,
};
pub use suggestions::{
    MAX_SUGGESTIONS, Suggestion, SuggestionKind, SuggestionStep, SuggestionWorker, Suggestions,
};
