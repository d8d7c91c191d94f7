use serde::{Deserialize, Serialize};

use quarry_domain::TopSearch;

/// A row of the most frequent searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchedQuery {
    /// The query and its counts.
    pub search: TopSearch,
    /// The share of its searches that led to a click, from 0 to 1.
    ///
    /// `None` if no click of the period quotes a search.
    pub click_through_rate: Option<f64>,
}
