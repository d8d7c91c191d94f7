//! Search: text in, ranked documents out, from the index alone.

mod engine;
mod request;

pub use engine::{
    Batch, EngineHealth, Facet, FacetBucket, Highlight, Hit, SearchAnswer, SearchEngine, SearchError,
};
pub use request::{DocumentFilter, MatchPolicy, SearchRequest, SearchSort};
