//! Full-text search and suggestions, from the index alone.
//!
//! - [`SearchEngine`]: the seam; `tantivy_engine` and `opensearch_engine` implement it.
//! - `request`, `engine`, `cursor`: requests, answers, and the position of a hit between pages.
//! - `filter`, `attributes`, `attribute_values`: conditions of documents; declared attributes; their values in a document.
//! - `field_weights`, `field_bonus`: the weights of fields in scores, and what they add.
//! - `explanation`, `explainer`, `field_terms`: the parts of the score of a hit, from the scores of terms and the terms of
//!   its fields.
//! - `planner`: the units of a query with their terms in an index, for each engine.
//! - `analysis`, `query`, `quotes`, `exclusion`, `typed_text`: text to terms, typed text to a query and to its last word.
//! - `document_terms`, `indexed_sources`, `stored_document`: the terms, languages and attributes of a document, and
//!   its form in hits.
//! - `tiers`, `weights`: ever looser ways to match, and the scores of matches. `permits`: concurrent searches.
//! - `informative`: the units of a query that carry information. `splits`: words that are written together or apart. `placement`: pinned documents on a page.
//! - `followers`, `written_words`: the words after typed ones in documents, and words as documents write them.
//! - `facet_values`, `facet_intervals`: the fields that facets count, and the pages of values; intervals of numbers and dates.
//! - `highlight`, `fragment`, `corrections`: matches in the text of a hit, and the part of a long text to show.
//! - `merged_search`: several searches with one list of hits.
//! - `rules`, `rule_store`: synonyms, stop words and rules, compiled; their way from the store to the engine.
//! - `popularity`, `popularity_counter`: the numbers of visitors of documents, by which searches may boost; their way
//!   from the store to the engine.
//! - `cached_engine`: an engine with a cache of its answers.
//! - `indexer`: applies the changes of the store to the engine.
//! - `suggestions`: completions of typed text from logged searches and words of the index.
//!
//! Deliberately not here: documents of the store that are not indexed yet, and authorization.

mod analysis;
mod attribute_values;
mod attributes;
mod cached_engine;
mod corrections;
mod cursor;
mod document_terms;
mod elision;
mod engine;
mod exclusion;
mod explainer;
mod explanation;
mod facet_intervals;
mod facet_values;
mod field_bonus;
mod field_terms;
mod field_weights;
mod filter;
mod followers;
mod fragment;
mod highlight;
mod indexed_sources;
mod indexer;
mod informative;
mod language_shares;
mod merged_search;
pub mod opensearch_engine;
mod permits;
mod placement;
mod planner;
mod popularity;
mod popularity_counter;
mod query;
mod quotes;
mod request;
mod rule_store;
mod rules;
mod splits;
mod stored_document;
mod suggestions;
pub mod tantivy_engine;
mod tiers;
mod typed_text;
mod weights;
mod written_words;

pub use attributes::{Attributes, DeclaredAttribute, Point, date_text};
pub use cached_engine::{AnswerTimes, CachedEngine};
pub use cursor::{SearchCursor, facet_digest};
pub use engine::{
    Batch, Correction, EngineHealth, Facet, FacetBucket, FacetStats, Highlight, Hit, IndexVersion,
    SearchAnswer, SearchEngine, SearchError,
};
pub use explanation::{Explanation, FactorScore, MatchKind, TermScore, WordScore};
pub use field_weights::FieldWeights;
pub use filter::{
    AttributeCondition, AttributeTest, DateRange, DocumentFilter, GeoBox, MAX_FILTER_DEPTH,
    MAX_FILTER_VALUE_CHARS, MAX_FILTER_VALUES, NumberRange,
};
pub use indexer::{FeederLease, IndexError, IndexFollower, IndexProgress, IndexStep, Indexer};
pub use merged_search::{MERGED_HITS, MergedAnswer, MergedHit, MergedPlace, WeightedSearch, search_merged};
pub use popularity::Popularity;
pub use popularity_counter::PopularityCounter;
pub use quarry_cache::CacheStatus;
pub use quarry_domain::MatchTier;
pub use request::{
    AttributeOrder, BoostShape, BoostValue, CalendarUnit, CompletionRequest, DEFAULT_HIGHLIGHT_LENGTH,
    FacetOrder, FacetRequest, LABEL_FIELDS, MatchPolicy, NumberBounds, PUBLISHED_AT, SearchRequest,
    SearchSort, SortDirection, ValueBoost,
};
pub use rule_store::{RuleStep, RuleStore, read_rules, rule_entries};
pub use rules::{
    AppliedRule, HiddenDocument, PinnedDocument, RuleCondition, RuleDocument, RuleProblem, Rulebook,
    ScoreFactor, SearchRule, StopWordSet, SynonymSet,
};
pub use suggestions::{
    MAX_SUGGESTIONS, Suggestion, SuggestionKind, SuggestionStep, SuggestionWorker, Suggestions,
};
