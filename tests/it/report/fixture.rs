//! Servers that report on one database, and what was searched for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use quarry::cache::{Cache, CacheLimits, LocalCache};
use quarry::domain::{FinalReason, LoggedSearchId, SessionId, Timestamp, comparison_key};
use quarry::report::{Coverage, CoverageError, ReportPeriod, Reports};
use quarry::store::{NewSearch, Store};
use uuid::Uuid;

/// How long a report is good in these tests unless they are about that.
pub(crate) const TTL: Duration = Duration::from_secs(300);

/// Knows what is yet to be logged, as the test says, and counts how often it is asked: once for
/// each time that a report of searches is computed.
#[derive(Default)]
pub(crate) struct Pending {
    /// `None`: that is not known.
    pub(crate) oldest: Mutex<Option<Option<Timestamp>>>,
    asked: AtomicUsize,
}

impl Pending {
    pub(crate) fn nothing() -> Arc<Self> {
        Arc::new(Self { oldest: Mutex::new(Some(None)), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn set(&self, oldest: Option<Option<Timestamp>>) {
        *self.oldest.lock().unwrap() = oldest;
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Coverage for Pending {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.oldest.lock().unwrap().ok_or_else(|| CoverageError("away".to_owned()))
    }
}

/// Reports of a server that shares its cache with nobody.
pub(crate) fn alone(store: &Store) -> Reports {
    let cache: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
    Reports::new(store.clone(), cache, Pending::nothing(), TTL)
}

pub(crate) fn at(rfc3339: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(rfc3339).unwrap().to_utc()
}

/// A period that ends.
pub(crate) fn between(from: &str, before: &str) -> ReportPeriod {
    ReportPeriod { from: Some(at(from)), before: Some(at(before)) }
}

/// A search that ended then.
pub(crate) fn search(session: &str, query: &str, last_keystroke_at: Timestamp, results: i64) -> NewSearch {
    NewSearch {
        id: LoggedSearchId(Uuid::new_v4()),
        session: SessionId::parse(session).unwrap(),
        user: None,
        query: query.to_owned(),
        query_key: comparison_key(query),
        truncated: false,
        keystrokes: 5,
        result_count: Some(results),
        reason: FinalReason::Idle,
        started_at: last_keystroke_at - chrono::TimeDelta::seconds(3),
        last_keystroke_at,
    }
}

/// Logs a search that ended just now.
pub(crate) async fn search_now(store: &Store, session: &str, query: &str, results: i64) {
    store.log_searches(&[search(session, query, Utc::now(), results)]).await.unwrap();
}
