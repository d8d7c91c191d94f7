use serde::{Deserialize, Serialize};

use quarry_domain::{QueryInteractions, TopSearch};

/// A row of the most frequent searches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchedQuery {
    /// The query and its counts.
    pub search: TopSearch,
    /// The interactions that quote its searches; `None` if no click of the period quotes a search.
    pub interactions: Option<QueryInteractions>,
}

impl SearchedQuery {
    /// The share of its searches that led to a click, from 0 to 1.
    pub fn click_through_rate(&self) -> Option<f64> {
        self.interactions.map(|of_query| self.share(of_query.clicked))
    }

    /// The share of its searches that led to a conversion, from 0 to 1.
    pub fn conversion_rate(&self) -> Option<f64> {
        self.interactions.map(|of_query| self.share(of_query.converted))
    }

    /// The number of its searches without a click.
    pub fn searches_without_clicks(&self) -> Option<i64> {
        self.interactions.map(|of_query| (self.search.searches - of_query.clicked).max(0))
    }

    /// The mean position of its clicks that have one.
    pub fn average_click_position(&self) -> Option<f64> {
        let of_query = self.interactions.filter(|of_query| of_query.positioned > 0)?;
        Some(of_query.positions as f64 / of_query.positioned as f64)
    }

    /// Interactions per search, at most 1: one of a search that was not logged counts, too.
    fn share(&self, interactions: i64) -> f64 {
        (interactions as f64 / self.search.searches.max(1) as f64).min(1.0)
    }
}
