//! The rows of reports, as the store adds them up and a cache keeps them.

use serde::{Deserialize, Serialize};

use super::{Document, Timestamp};

/// A query and how often it was searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopSearch {
    /// Its latest spelling.
    pub query: String,
    /// What its spellings are compared by.
    pub query_key: String,
    /// How many searches.
    pub searches: i64,
    /// How many sessions searched for it.
    pub sessions: i64,
    /// How many documents it found on average, of the searches whose number of results is known.
    pub average_results: Option<f64>,
}

/// A query that found nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZeroResultSearch {
    /// Its latest spelling.
    pub query: String,
    /// What its spellings are compared by.
    pub query_key: String,
    /// How many searches found nothing.
    pub searches: i64,
    /// How many sessions searched for it.
    pub sessions: i64,
    /// When it was last searched for.
    pub last_searched_at: Timestamp,
}

/// The searches of one interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeBucket {
    /// When the interval begins.
    pub start: Timestamp,
    /// How many searches.
    pub searches: i64,
    /// How many sessions searched.
    pub sessions: i64,
    /// How many searches found nothing.
    pub zero_results: i64,
}

/// What sells, or is clicked, in one category.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CategoryReport {
    /// Of all documents of the category.
    pub total_quantity: i64,
    /// Documents with a quantity: most first, ties by key, then by source.
    pub rows: Vec<(Document, i64)>,
}

/// A category and what was sold, or clicked, in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryTotal {
    /// The category.
    pub name: String,
    /// How many documents it has, those without sales among them.
    pub documents: i64,
    /// Of all its documents.
    pub quantity: i64,
}
