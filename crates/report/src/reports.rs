//! The cached computation that all reports share.

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::coverage::LogCoverage;
use super::{CacheError, CacheStatus, Coverage, ReportError, ReportPeriod, SearchedQuery};
use quarry_cache::{Cache, CacheAside, CacheClient, CacheMetrics};
use quarry_domain::{CategoryReport, CategoryTotal, Period, Timestamp, VolumeBucket, ZeroResultSearch};
use quarry_store::Store;

/// Concurrent computations: fewer than the store has connections, which searches and keystrokes share.
const MAX_COMPUTATIONS: usize = 4;

/// A report, with its age and its cache status.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportResponse<T> {
    /// The report.
    pub value: T,
    /// The time when the store was read.
    pub generated_at: Timestamp,
    /// The watermark: everything of the period that was accepted by then is in the report.
    pub covered_until: Timestamp,
    /// The part that the cache had in the response.
    pub cache_status: CacheStatus,
    /// The cache's error, if it failed.
    pub warning: Option<CacheError>,
}

/// Computes and caches reports. Clones share their state.
#[derive(Clone)]
pub struct Reports(pub(super) Arc<ReportState>);

pub(super) struct ReportState {
    pub(super) store: Store,
    log: LogCoverage,
    client: CacheClient,
    computations: Semaphore,
    pub(super) top_searches: ReportCache<Vec<SearchedQuery>>,
    pub(super) zero_results: ReportCache<Vec<ZeroResultSearch>>,
    pub(super) search_volume: ReportCache<Vec<VolumeBucket>>,
    pub(super) category: ReportCache<CategoryReport>,
    pub(super) categories: ReportCache<Vec<CategoryTotal>>,
}

/// The cached reports of one kind.
pub(super) struct ReportCache<T> {
    values: CacheAside<CachedReport<T>, ReportError>,
    source: ReportSource,
}

#[derive(Clone, Copy)]
enum ReportSource {
    /// The log of searches, which is written some time after the keystrokes are accepted.
    SearchLog,
    /// Interactions, which are committed before they are accepted.
    Interactions,
}

/// A report as the cache stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct CachedReport<T> {
    value: T,
    generated_at: Timestamp,
    covered_until: Timestamp,
}

impl Reports {
    /// Creates the reports of a store. A zero `ttl` disables caching.
    pub fn new(store: Store, cache: Arc<dyn Cache>, coverage: Arc<dyn Coverage>, ttl: Duration) -> Self {
        let client = CacheClient::new(cache, ttl);
        // The number in a kind is the version of its cached type.
        Self(Arc::new(ReportState {
            store,
            log: LogCoverage::new(coverage),
            computations: Semaphore::new(MAX_COMPUTATIONS),
            top_searches: ReportCache::new(&client, "top-searches-1", ReportSource::SearchLog),
            zero_results: ReportCache::new(&client, "zero-results-1", ReportSource::SearchLog),
            search_volume: ReportCache::new(&client, "search-volume-1", ReportSource::SearchLog),
            category: ReportCache::new(&client, "category-1", ReportSource::Interactions),
            categories: ReportCache::new(&client, "categories-1", ReportSource::Interactions),
            client,
        }))
    }

    /// Returns the cache metrics of each kind of report.
    pub(super) fn cache_metrics(&self) -> [(&'static str, &CacheMetrics); 5] {
        let state = &*self.0;
        [
            ("top_searches", state.top_searches.values.metrics()),
            ("zero_result_searches", state.zero_results.values.metrics()),
            ("search_volume", state.search_volume.values.metrics()),
            ("category", state.category.values.metrics()),
            ("categories", state.categories.values.metrics()),
        ]
    }

    /// Clears all cached reports, here and in a shared cache.
    ///
    /// Reports requested afterwards contain nothing that was missing in the store at the time of the call.
    /// If the cache is unavailable, this returns an error, and the next lookup repeats the clear.
    #[boxed]
    pub async fn clear(&self) -> Result<(), CacheError> {
        self.0.client.clear().await
    }

    /// Clears the reports that this process keeps, after an erasure on another server.
    ///
    /// That server clears a shared cache itself.
    #[boxed]
    pub async fn clear_local(&self) -> Result<(), CacheError> {
        self.0.client.clear_local().await
    }

    /// Returns a report from its cache, or computes it.
    ///
    /// `parameters` identify the report among its kind: its value depends on nothing else but the store
    /// and the time.
    pub(super) async fn report<T, F>(
        &self,
        cache: &ReportCache<T>,
        parameters: &impl Serialize,
        period: ReportPeriod,
        refresh: bool,
        compute: impl FnOnce(Store, Period, Timestamp) -> F + Send + 'static,
    ) -> Result<ReportResponse<T>, ReportError>
    where
        T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<T, ReportError>> + Send,
    {
        let now = Utc::now();
        let period = period.resolve(now)?;
        let (state, source) = (self.0.clone(), cache.source);
        let computation = || async move {
            let _permit = state.computations.acquire().await.expect("the semaphore is never closed");
            let watermark = match source {
                ReportSource::SearchLog => Some(state.log.covered_until(period, Utc::now()).await),
                ReportSource::Interactions => None,
            };
            let generated_at = Utc::now();
            let covered_until = watermark.unwrap_or_else(|| period.end_by(generated_at));
            let value = compute(state.store.clone(), period, generated_at).await?;
            Ok(CachedReport { value, generated_at, covered_until })
        };
        let response = cache.values.get_or_compute(&key(parameters), now, refresh, computation).await?;
        let CachedReport { value, generated_at, covered_until } = response.value;
        let (cache_status, warning) = (response.status, response.warning);
        Ok(ReportResponse { value, generated_at, covered_until, cache_status, warning })
    }
}

impl<T> ReportCache<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn new(client: &CacheClient, kind: &'static str, source: ReportSource) -> Self {
        Self { values: CacheAside::new(client.clone(), kind), source }
    }
}

/// Returns a digest of the parameters: keys must be short and contain no user data.
fn key(parameters: &impl Serialize) -> String {
    let bytes =
        postcard::to_stdvec(parameters).expect("postcard encodes plain data, and parameters are plain data");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes).simple().to_string()
}
