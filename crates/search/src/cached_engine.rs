//! Cache-aside for the searches of an engine.
//!
//! An answer is returned again while the index, the rules in force and the request are unchanged, at most for
//! the TTL. A computation that began before a change does not answer a request that came after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::Utc;
use prometheus_client::registry::Registry;
use quarry_cache::{CacheAside, CacheClient, CacheStatus, CacheTimeouts, Freshness, TransientError};
use quarry_domain::{Revision, Timestamp};
use quarry_runtime::metrics::Series;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attributes::Attributes;
use super::engine::{Batch, EngineHealth, IndexVersion, SearchAnswer, SearchEngine, SearchError};
use super::filter::DocumentFilter;
use super::popularity::Popularity;
use super::request::{CompletionRequest, SearchRequest};
use super::rules::Rulebook;

/// The kind of cached values; its number is the version of their type.
const KIND: &str = "search-1";

/// The time limits of cached searches, which take far less time than reports.
const TIMEOUTS: CacheTimeouts = CacheTimeouts {
    lock_lease: Duration::from_secs(10),
    lock_wait: Duration::from_secs(1),
    stale_after: Duration::from_secs(2),
    stale_after_refresh: Duration::from_secs(2),
};

/// The times of cached answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerTimes {
    /// The time for which an answer is returned again; zero: never.
    pub ttl: Duration,
    /// The time for which it stays available while the engine is unavailable; zero: not at all.
    pub stale_ttl: Duration,
}

/// A search engine with a cache of its answers.
pub struct CachedEngine {
    engine: Arc<dyn SearchEngine>,
    answers: CacheAside<CachedAnswer, ComputeFailure>,
    /// The settings that change answers.
    variant: String,
}

/// An answer with the version of its data.
#[derive(Clone, Serialize, Deserialize)]
struct CachedAnswer {
    version: DataVersion,
    answer: SearchAnswer,
}

/// The version of all data that an answer depends on besides its request and the index's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DataVersion {
    revision: i64,
    /// The version of synonyms, stop words and rules.
    rules: i64,
    /// The number of beginnings and ends of rules that have passed.
    rules_in_force: usize,
}

impl DataVersion {
    /// Returns true if data of this version reflect all changes of another one.
    fn reflects(&self, other: &Self) -> bool {
        Self { revision: other.revision, ..*self } == *other && self.revision >= other.revision
    }
}

/// A failed search with the limit that it may have exceeded.
#[derive(Clone)]
struct ComputeFailure {
    error: SearchError,
    read_bytes: usize,
}

impl TransientError for ComputeFailure {
    fn is_transient(&self) -> bool {
        matches!(self.error, SearchError::Unavailable(_))
    }
}

impl CachedEngine {
    /// Adds a cache to an engine. `variant` contains the settings that change answers.
    pub fn new(
        engine: Arc<dyn SearchEngine>,
        cache: &CacheClient,
        times: AnswerTimes,
        variant: String,
    ) -> Self {
        let client = cache.with_times(times.ttl, times.stale_ttl, TIMEOUTS);
        Self { engine, answers: CacheAside::new(client, KIND), variant }
    }

    /// Returns the key of a request: a digest, since keys contain no typed text.
    fn key(&self, index: &str, request: &SearchRequest) -> String {
        // The limit of memory differs between requests of the same answer.
        let request = SearchRequest { read_bytes: 0, ..request.clone() };
        let of = format!("{} {index} {} {request:?}", env!("CARGO_PKG_VERSION"), self.variant);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, of.as_bytes()).simple().to_string()
    }

    async fn search_uncached(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let answer = self.engine.search(request).await?;
        Ok(SearchAnswer { cache: Some(CacheStatus::Bypass), ..answer })
    }

    fn version(&self, revision: Revision, now: Timestamp) -> DataVersion {
        let rulebook = self.engine.rulebook();
        DataVersion {
            revision: revision.value(),
            rules: rulebook.version,
            rules_in_force: rulebook.rules.boundaries_until(now),
        }
    }
}

#[async_trait]
impl SearchEngine for CachedEngine {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        let started = Instant::now();
        // Explanations are for operators, who look at the present index.
        let Some(index) = self.engine.index_version().filter(|_| !request.explain) else {
            return self.search_uncached(request).await;
        };
        let now = Utc::now();
        // Read before the search, so that the answer is at least of this version.
        let version = self.version(index.revision, now);
        let (engine, computed) = (self.engine.clone(), request.clone());
        let compute = || async move {
            match engine.search(&computed).await {
                Ok(answer) => Ok(CachedAnswer { version, answer }),
                Err(error) => Err(ComputeFailure { error, read_bytes: computed.read_bytes }),
            }
        };
        let freshness = Freshness::of_version(now, format!("{version:?}"), move |cached: &CachedAnswer| {
            cached.version.reflects(&version)
        });
        let key = self.key(&index.index, request);
        let response = match self.answers.get_fresh_or_compute(&key, freshness, false, compute).await {
            Ok(response) => response,
            // The limit of another request, which shared its computation.
            Err(ComputeFailure { error: SearchError::TooLarge, read_bytes })
                if read_bytes < request.read_bytes =>
            {
                return self.search_uncached(request).await;
            }
            Err(failure) => return Err(failure.error),
        };
        let answer = response.value.answer;
        if answer.read_bytes > request.read_bytes {
            return Err(SearchError::TooLarge);
        }
        Ok(SearchAnswer { cache: Some(response.status), took: started.elapsed(), ..answer })
    }

    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
        self.engine.apply(batch).await
    }

    async fn applied_through(&self) -> Result<Option<(Uuid, Revision)>, SearchError> {
        self.engine.applied_through().await
    }

    async fn reset(&self) -> Result<(), SearchError> {
        self.engine.reset().await
    }

    async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        self.engine.complete(request).await
    }

    async fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        self.engine.count(texts, filter).await
    }

    fn index_version(&self) -> Option<IndexVersion> {
        self.engine.index_version()
    }

    fn attributes(&self) -> Arc<Attributes> {
        self.engine.attributes()
    }

    fn use_rulebook(&self, rulebook: Arc<Rulebook>) {
        self.engine.use_rulebook(rulebook);
    }

    fn rulebook(&self) -> Arc<Rulebook> {
        self.engine.rulebook()
    }

    fn use_popularity(&self, popularity: Arc<Popularity>) {
        self.engine.use_popularity(popularity);
    }

    async fn health(&self) -> Result<EngineHealth, SearchError> {
        self.engine.health().await
    }

    fn register_metrics(&self, registry: &mut Registry) {
        self.engine.register_metrics(registry);
        let metrics = self.answers.metrics();
        let outcomes = [
            ("hit", &metrics.hits),
            ("miss", &metrics.misses),
            ("stale", &metrics.stale),
            ("bypass", &metrics.bypasses),
            ("failed", &metrics.failed),
        ];
        registry.register(
            "cached_searches",
            "Searches by origin: from the cache (hit), evaluated and cached (miss), the last good answer during a \
             failure (stale), evaluated without the cache (bypass), none (failed)",
            Series::from_iter(outcomes.map(|(outcome, counter)| ([("outcome", outcome)], counter.clone()))),
        );
        registry.register(
            "search_cache_errors",
            "Searches during which the cache failed",
            metrics.without_cache.clone(),
        );
    }
}
