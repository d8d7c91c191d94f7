//! The rows of reports, as the store aggregates them and the cache holds them.

use serde::{Deserialize, Serialize};

use super::{Document, Timestamp};

/// A query and the number of its searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopSearch {
    /// The spelling of most sessions.
    pub query: String,
    /// The comparison key that all spellings share.
    pub query_key: String,
    /// The number of searches.
    pub searches: i64,
    /// The number of sessions that searched for it.
    pub sessions: i64,
    /// The mean number of documents found, over the searches that report one.
    pub average_results: Option<f64>,
}

/// The interactions that quote searches of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryInteractions {
    /// The number of clicked searches.
    pub clicked: i64,
    /// The number of searches with a conversion.
    pub converted: i64,
    /// The sum of the clicks' positions.
    pub positions: i64,
    /// The number of clicks with a position.
    pub positioned: i64,
}

/// A document that is clicked after searches of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClickedDocument {
    /// The document.
    pub document: Document,
    /// The number of clicks.
    pub clicks: i64,
    /// The mean position of the clicks that have one.
    pub average_position: Option<f64>,
}

/// A query without results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZeroResultSearch {
    /// The spelling of most sessions.
    pub query: String,
    /// The comparison key that all spellings share.
    pub query_key: String,
    /// The number of searches without results, and of relaxed ones if the report includes them.
    pub searches: i64,
    /// The number of relaxed searches among them.
    pub relaxed: i64,
    /// The number of sessions that searched for it.
    pub sessions: i64,
    /// The time of the latest search.
    pub last_searched_at: Timestamp,
}

/// The searches of one interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeBucket {
    /// The start of the interval.
    pub start: Timestamp,
    /// The number of searches.
    pub searches: i64,
    /// The number of sessions.
    pub sessions: i64,
    /// The number of searches without results.
    pub zero_results: i64,
}

/// The sales or clicks of one category by document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CategoryReport {
    /// The sum over all documents of the category.
    pub total_quantity: i64,
    /// Documents by descending quantity; ties by key, then by source.
    pub rows: Vec<(Document, i64)>,
}

/// The total sales or clicks of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryTotal {
    /// The name of the category.
    pub name: String,
    /// The number of documents, those without sales included.
    pub documents: i64,
    /// The sum over all documents.
    pub quantity: i64,
}
