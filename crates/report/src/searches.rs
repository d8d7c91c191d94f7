//! Reports of queries: the most frequent ones, and those without results.

use quarry_runtime::boxed;

use super::{ReportError, ReportPeriod, ReportResponse, Reports, SearchedQuery};
use quarry_domain::{Period, QueryDigest, ZeroResultSearch};
use quarry_store::Store;

impl Reports {
    /// Returns the most frequent searches.
    #[boxed]
    pub async fn top_searches(
        &self,
        period: ReportPeriod,
        first: u64,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<SearchedQuery>>, ReportError> {
        let cache = &self.0.top_searches;
        self.report(cache, &(period, first), period, refresh, move |store, period, _| async move {
            searched_queries(&store, period, first).await
        })
        .await
    }

    /// Returns the most frequent searches without results.
    #[boxed]
    pub async fn zero_result_searches(
        &self,
        period: ReportPeriod,
        first: u64,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<ZeroResultSearch>>, ReportError> {
        let cache = &self.0.zero_results;
        self.report(cache, &(period, first), period, refresh, move |store, period, _| async move {
            Ok(store.zero_result_searches(period, first).await?)
        })
        .await
    }
}

async fn searched_queries(
    store: &Store,
    period: Period,
    first: u64,
) -> Result<Vec<SearchedQuery>, ReportError> {
    let searches = store.top_searches(period, first).await?;
    if searches.is_empty() || !store.clicks_are_recorded(period).await? {
        let unrated = |search| SearchedQuery { search, click_through_rate: None };
        return Ok(searches.into_iter().map(unrated).collect());
    }
    let digests: Vec<QueryDigest> =
        searches.iter().map(|search| QueryDigest::of(&search.query_key)).collect();
    let clicked = store.clicked_searches(&digests, period).await?;
    let rated = searches.into_iter().zip(digests).map(|(search, digest)| {
        let clicked = clicked.get(&digest).copied().unwrap_or_default();
        SearchedQuery { click_through_rate: Some(click_through_rate(clicked, search.searches)), search }
    });
    Ok(rated.collect())
}

/// Returns clicks per search, at most 1.
///
/// Clicks on results that are shown while a user types count, but such results are not logged as searches.
fn click_through_rate(clicked: i64, searches: i64) -> f64 {
    (clicked as f64 / searches.max(1) as f64).min(1.0)
}
