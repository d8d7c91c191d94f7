//! The computation and the cache that all reports share.

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
use quarry_domain::{
    CategoryReport, CategoryTotal, ClickedDocument, Period, Timestamp, VolumeBucket, ZeroResultSearch,
};
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

/// A kind of report, with its parameters.
///
/// They identify the report among its kind: its value depends on nothing else but the store and the time.
pub trait Report: Serialize + Send + 'static {
    /// The value of the report.
    type Value: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The data that the report aggregates.
    const SOURCE: ReportSource;

    /// Returns the period as it was requested.
    fn period(&self) -> ReportPeriod;

    /// Selects the cache of the kind.
    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value>;

    /// Computes the report from the store.
    fn compute(
        self,
        store: Store,
        period: Period,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self::Value, ReportError>> + Send;
}

/// The data that a report aggregates.
#[derive(Clone, Copy)]
pub enum ReportSource {
    /// The log of searches, which is written some time after the keystrokes are accepted.
    SearchLog,
    /// Interactions, which are committed before they are accepted.
    Interactions,
}

/// Computes and caches reports. Clones share their state.
#[derive(Clone)]
pub struct Reports(pub(super) Arc<ReportState>);

pub(super) struct ReportState {
    pub(super) store: Store,
    log: LogCoverage,
    client: CacheClient,
    computations: Semaphore,
    caches: ReportCaches,
}

/// The cached reports of one kind.
pub type ReportCache<T> = CacheAside<CachedReport<T>, ReportError>;

/// The cached reports.
pub struct ReportCaches {
    pub(super) top_searches: ReportCache<Vec<SearchedQuery>>,
    pub(super) zero_results: ReportCache<Vec<ZeroResultSearch>>,
    pub(super) clicked_documents: ReportCache<Vec<ClickedDocument>>,
    pub(super) search_volume: ReportCache<Vec<VolumeBucket>>,
    pub(super) category: ReportCache<CategoryReport>,
    pub(super) categories: ReportCache<Vec<CategoryTotal>>,
}

/// A report as the cache stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CachedReport<T> {
    value: T,
    generated_at: Timestamp,
    covered_until: Timestamp,
}

impl Reports {
    /// Creates the reports of a store. A zero `ttl` disables caching.
    pub fn new(store: Store, cache: Arc<dyn Cache>, coverage: Arc<dyn Coverage>, ttl: Duration) -> Self {
        Self::with_client(store, CacheClient::new(cache, ttl), coverage)
    }

    /// Creates the reports of a store with a client of the cache.
    pub fn with_client(store: Store, client: CacheClient, coverage: Arc<dyn Coverage>) -> Self {
        // The number in a kind is the version of its cached type.
        Self(Arc::new(ReportState {
            store,
            log: LogCoverage::new(coverage),
            computations: Semaphore::new(MAX_COMPUTATIONS),
            caches: ReportCaches {
                top_searches: CacheAside::new(client.clone(), "top-searches-2"),
                zero_results: CacheAside::new(client.clone(), "zero-results-2"),
                clicked_documents: CacheAside::new(client.clone(), "clicked-documents-1"),
                search_volume: CacheAside::new(client.clone(), "search-volume-1"),
                category: CacheAside::new(client.clone(), "category-1"),
                categories: CacheAside::new(client.clone(), "categories-1"),
            },
            client,
        }))
    }

    /// Returns the cache metrics of each kind of report.
    pub(super) fn cache_metrics(&self) -> [(&'static str, &CacheMetrics); 6] {
        let caches = &self.0.caches;
        [
            ("top_searches", caches.top_searches.metrics()),
            ("zero_result_searches", caches.zero_results.metrics()),
            ("clicked_documents", caches.clicked_documents.metrics()),
            ("search_volume", caches.search_volume.metrics()),
            ("category", caches.category.metrics()),
            ("categories", caches.categories.metrics()),
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

    /// Returns a report from its cache, or computes it on a miss or on `refresh`.
    #[boxed]
    pub async fn get<R: Report>(
        &self,
        report: R,
        refresh: bool,
    ) -> Result<ReportResponse<R::Value>, ReportError> {
        let now = Utc::now();
        let period = report.period().resolve(now)?;
        let (state, key) = (self.0.clone(), key(&report));
        let computation = || async move {
            let _permit = state.computations.acquire().await.expect("the semaphore is never closed");
            let watermark = match R::SOURCE {
                ReportSource::SearchLog => Some(state.log.covered_until(period, Utc::now()).await),
                ReportSource::Interactions => None,
            };
            let generated_at = Utc::now();
            let covered_until = watermark.unwrap_or_else(|| period.end_by(generated_at));
            let value = report.compute(state.store.clone(), period, generated_at).await?;
            Ok(CachedReport { value, generated_at, covered_until })
        };
        let cache = R::cache(&self.0.caches);
        let response = cache.get_or_compute(&key, now, refresh, computation).await?;
        let CachedReport { value, generated_at, covered_until } = response.value;
        let (cache_status, warning) = (response.status, response.warning);
        Ok(ReportResponse { value, generated_at, covered_until, cache_status, warning })
    }
}

/// Returns a digest of the parameters: keys must be short and contain no user data.
fn key(parameters: &impl Serialize) -> String {
    let bytes =
        postcard::to_stdvec(parameters).expect("postcard encodes plain data, and parameters are plain data");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes).simple().to_string()
}
