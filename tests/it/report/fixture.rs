//! Reports, their coverage, and logged searches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use quarry::cache::{Cache, CacheLimits, LocalCache};
use quarry::domain::{FinalReason, LoggedSearchId, SessionId, Timestamp, query_key};
use quarry::report::{Coverage, CoverageError, ReportPeriod, Reports};
use quarry::store::{NewSearch, Store};
use uuid::Uuid;

/// The TTL of reports, unless a test is about it.
pub(crate) const TTL: Duration = Duration::from_secs(300);

/// A coverage that the test sets. Its calls count the computations of reports of searches.
#[derive(Default)]
pub(crate) struct ScriptedCoverage {
    /// `None`: unknown.
    pub(crate) oldest: Mutex<Option<Option<Timestamp>>>,
    calls: AtomicUsize,
}

impl ScriptedCoverage {
    pub(crate) fn none_pending() -> Arc<Self> {
        Arc::new(Self { oldest: Mutex::new(Some(None)), calls: AtomicUsize::new(0) })
    }

    pub(crate) fn set(&self, oldest: Option<Option<Timestamp>>) {
        *self.oldest.lock().unwrap() = oldest;
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Coverage for ScriptedCoverage {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.oldest.lock().unwrap().ok_or_else(|| CoverageError("unavailable".to_owned()))
    }
}

/// Creates the reports of a server with a cache of its own.
pub(crate) fn local_reports(store: &Store) -> Reports {
    let cache: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
    Reports::new(store.clone(), cache, ScriptedCoverage::none_pending(), TTL)
}

pub(crate) fn at(rfc3339: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(rfc3339).unwrap().to_utc()
}

pub(crate) fn between(from: &str, before: &str) -> ReportPeriod {
    ReportPeriod { from: Some(at(from)), before: Some(at(before)) }
}

/// Returns a search that ended at the given time.
pub(crate) fn search(session: &str, query: &str, last_keystroke_at: Timestamp, results: i64) -> NewSearch {
    NewSearch {
        revision: 1,
        id: LoggedSearchId(Uuid::new_v4()),
        session: SessionId::parse(session).unwrap(),
        user: None,
        query: query.to_owned(),
        query_key: query_key(query),
        truncated: false,
        keystrokes: 5,
        result_count: Some(results),
        tier: None,
        context: Default::default(),
        reason: FinalReason::Idle,
        started_at: last_keystroke_at - chrono::TimeDelta::seconds(3),
        last_keystroke_at,
    }
}

/// Logs a search that ends now.
pub(crate) async fn search_now(store: &Store, session: &str, query: &str, results: i64) {
    store.log_searches(&[search(session, query, Utc::now(), results)]).await.unwrap();
}
