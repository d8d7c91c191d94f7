//! Search: text in, ranked documents out, from the index alone.

mod analysis;
mod cursor;
mod engine;
mod highlight;
mod indexer;
mod query;
mod request;
mod suggestions;
pub mod tantivy_engine;

pub use cursor::Cursor;
pub use engine::{
    Batch, EngineHealth, Facet, FacetBucket, Highlight, Hit, SearchAnswer, SearchEngine, SearchError,
};
pub use indexer::{IndexError, IndexFollower, IndexProgress, IndexStep, Indexer};
pub use request::{DocumentFilter, MatchPolicy, SearchRequest, SearchSort};
pub use suggestions::{
    MOST_SUGGESTIONS, Suggestion, SuggestionKind, SuggestionOptions, SuggestionStep, SuggestionWorker,
    Suggestions,
};
