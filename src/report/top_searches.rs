use serde::{Deserialize, Serialize};

use super::{AskedPeriod, ReportError, Reported, Reports};
use crate::domain::TopSearch;

/// A query and how it was searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchedQuery {
    /// The query and its counts.
    pub search: TopSearch,
    /// The share of its searches that led to a click, 0 to 1; `None` where no click that says
    /// what it was found by was recorded in the period.
    pub click_through_rate: Option<f64>,
}

impl Reports {
    /// What was searched for most.
    pub async fn top_searches(
        &self,
        period: AskedPeriod,
        first: u64,
        refresh: bool,
    ) -> Result<Reported<Vec<SearchedQuery>>, ReportError> {
        self.not_yet((period, first, refresh)).await
    }
}
