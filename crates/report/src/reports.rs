use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::coverage::LogCoverage;
use super::{CacheError, CacheStatus, Coverage, ReportError, SearchedQuery};
use quarry_cache::{Cache, CacheAside, CacheClient, CacheMetrics};
use quarry_domain::{CategoryReport, CategoryTotal, Timestamp, VolumeBucket, ZeroResultSearch};
use quarry_store::Store;

/// Reports that are computed at a time: fewer than the store has connections, so that however many
/// are asked for, searches and keystrokes still have some.
const COMPUTATIONS: usize = 4;

/// A report, and what it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportResponse<T> {
    /// The report.
    pub value: T,
    /// When its numbers were read from the store.
    pub generated_at: Timestamp,
    /// Up to when it is complete: everything that was accepted by then and lies in its period is in it.
    pub covered_until: Timestamp,
    /// Where it came from.
    pub cache_status: CacheStatus,
    /// Why the cache had no part in it, if it should have.
    pub warning: Option<CacheError>,
}

/// Answers reports, through a cache. Clones share everything.
#[derive(Clone)]
pub struct Reports(pub(super) Arc<ReportState>);

/// What reports are made of. The names of the kinds of answers say the version of what is kept:
/// they change with it.
pub(super) struct ReportState {
    pub(super) store: Store,
    pub(super) log: LogCoverage,
    answers: CacheClient,
    pub(super) top_searches: ReportCache<Vec<SearchedQuery>>,
    pub(super) zero_results: ReportCache<Vec<ZeroResultSearch>>,
    pub(super) search_volume: ReportCache<Vec<VolumeBucket>>,
    pub(super) category: ReportCache<CategoryReport>,
    pub(super) categories: ReportCache<Vec<CategoryTotal>>,
}

/// The reports of one kind that are kept.
pub(super) struct ReportCache<T> {
    answers: CacheAside<CachedReport<T>, ReportError>,
    /// Of all kinds: whoever computes has one.
    permits: Arc<Semaphore>,
}

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CachedReport<T> {
    pub(super) value: T,
    pub(super) generated_at: Timestamp,
    pub(super) covered_until: Timestamp,
}

impl Reports {
    /// Reports on a store; an answer is good for `ttl`, or never kept if that is zero.
    pub fn new(store: Store, cache: Arc<dyn Cache>, coverage: Arc<dyn Coverage>, ttl: Duration) -> Self {
        let answers = CacheClient::new(cache, ttl);
        let permits = Arc::new(Semaphore::new(COMPUTATIONS));
        Self(Arc::new(ReportState {
            store,
            log: LogCoverage::new(coverage),
            top_searches: ReportCache::new(&answers, &permits, "top-searches-1"),
            zero_results: ReportCache::new(&answers, &permits, "zero-results-1"),
            search_volume: ReportCache::new(&answers, &permits, "search-volume-1"),
            category: ReportCache::new(&answers, &permits, "category-1"),
            categories: ReportCache::new(&answers, &permits, "categories-1"),
            answers,
        }))
    }

    /// How often reports of each kind came from where.
    pub fn cache_metrics(&self) -> [(&'static str, CacheMetrics); 5] {
        let parts = &*self.0;
        [
            ("top_searches", parts.top_searches.answers.metrics()),
            ("zero_result_searches", parts.zero_results.answers.metrics()),
            ("search_volume", parts.search_volume.answers.metrics()),
            ("category", parts.category.answers.metrics()),
            ("categories", parts.categories.answers.metrics()),
        ]
    }

    /// Forgets every answer, here and in the cache of the fleet: no report that begins after this
    /// returned shows anything that the store did not hold when it was called. If the cache cannot be
    /// reached, that is an error, and is made up for before the next look into it.
    #[boxed]
    pub async fn clear(&self) -> Result<(), CacheError> {
        self.0.answers.clear().await
    }

    /// Forgets every answer that this process keeps: for what another server erased, which clears
    /// the cache of the fleet itself.
    #[boxed]
    pub async fn clear_local(&self) -> Result<(), CacheError> {
        self.0.answers.clear_local().await
    }
}

impl<T> ReportCache<T>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn new(answers: &CacheClient, permits: &Arc<Semaphore>, kind: &'static str) -> Self {
        Self { answers: CacheAside::new(answers.clone(), kind), permits: permits.clone() }
    }
}

impl<T> CachedReport<T> {
    /// The report as it is told.
    fn reported(self, cache_status: CacheStatus, warning: Option<CacheError>) -> ReportResponse<T> {
        let Self { value, generated_at, covered_until } = self;
        ReportResponse { value, generated_at, covered_until, cache_status, warning }
    }
}

/// Answers a question from those that are kept, or else by computing. All that the report depends
/// on is in the question: what differs in it is another report.
pub(super) async fn report<T, F>(
    kept: &ReportCache<T>,
    question: &(impl Serialize + ?Sized),
    now: Timestamp,
    refresh: bool,
    compute: impl FnOnce() -> F,
) -> Result<ReportResponse<T>, ReportError>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<CachedReport<T>, ReportError>> + Send + 'static,
{
    let question = postcard::to_stdvec(question).expect("a question is plain data, which can be written");
    // A digest, since keys are short and hold nothing that anybody wrote.
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, &question).simple().to_string();
    let limited = || {
        let (permits, computation) = (kept.permits.clone(), compute());
        async move {
            let _permit = permits.acquire_owned().await.expect("nobody closes it");
            computation.await
        }
    };
    let answered = kept.answers.get_or_compute(&digest, now, refresh, limited).await?;
    Ok(answered.value.reported(answered.status, answered.warning))
}

/// The time, as often as something begins.
pub(super) fn now() -> Timestamp {
    Utc::now()
}
