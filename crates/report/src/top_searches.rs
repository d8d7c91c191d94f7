use quarry_runtime::boxed;
use serde::{Deserialize, Serialize};

use super::reports::{CachedReport, ReportState, now, report};
use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::{Period, QueryDigest, TopSearch};

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
    #[boxed]
    pub async fn top_searches(
        &self,
        period: ReportPeriod,
        first: u64,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<SearchedQuery>>, ReportError> {
        let asked_at = now();
        let (parts, resolved) = (self.0.clone(), period.at(asked_at)?);
        let compute = || async move {
            let covered_until = parts.log.of(resolved, now()).await;
            let generated_at = now();
            let value = parts.searched_queries(resolved, first).await?;
            Ok(CachedReport { value, generated_at, covered_until })
        };
        report(&self.0.top_searches, &(period, first), asked_at, refresh, compute).await
    }
}

impl ReportState {
    async fn searched_queries(&self, period: Period, first: u64) -> Result<Vec<SearchedQuery>, ReportError> {
        let searches = self.store.top_searches(period, first).await?;
        if searches.is_empty() || !self.store.clicks_are_recorded(period).await? {
            let unrated = |search| SearchedQuery { search, click_through_rate: None };
            return Ok(searches.into_iter().map(unrated).collect());
        }
        let digests: Vec<QueryDigest> =
            searches.iter().map(|search| QueryDigest::of(&search.query_key)).collect();
        let clicked = self.store.clicked_searches(&digests, period).await?;
        let rated = searches.into_iter().zip(digests).map(|(search, digest)| {
            let clicked = clicked.get(&digest).copied().unwrap_or_default();
            SearchedQuery { click_through_rate: Some(rate(clicked, search.searches)), search }
        });
        Ok(rated.collect())
    }
}

/// A share, at most 1: answers that are looked at while people type are no searches of their own,
/// but clicks on them count.
fn rate(clicked: i64, searches: i64) -> f64 {
    (clicked as f64 / searches.max(1) as f64).min(1.0)
}
