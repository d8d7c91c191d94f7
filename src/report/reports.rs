use std::sync::Arc;
use std::time::Duration;

use super::{CacheError, Coverage, Outcome, ReportError};
use crate::cache::{Answers, Cache};
use crate::domain::Timestamp;
use crate::store::{Store, StoreError};

/// A report, and what it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported<T> {
    /// The report.
    pub value: T,
    /// When its numbers were read from the store.
    pub generated_at: Timestamp,
    /// Up to when it is complete: everything that was accepted by then and lies in its period is in it.
    pub covered_until: Timestamp,
    /// Where it came from.
    pub outcome: Outcome,
    /// Why the cache had no part in it, if it should have.
    pub warning: Option<CacheError>,
}

/// Answers reports, through a cache. Clones share everything.
#[derive(Clone)]
pub struct Reports {
    store: Store,
    cache: Arc<dyn Cache>,
    coverage: Arc<dyn Coverage>,
    ttl: Duration,
}

impl Reports {
    /// Reports on a store; an answer is good for `ttl`, or never kept if that is zero.
    pub fn new(store: Store, cache: Arc<dyn Cache>, coverage: Arc<dyn Coverage>, ttl: Duration) -> Self {
        Self { store, cache, coverage, ttl }
    }

    /// Forgets every answer, here and in the cache of the fleet: no report that begins after this
    /// returned shows anything older. If the cache cannot be reached, it is an error, and is made
    /// up for before the next look into it.
    pub async fn clear(&self) -> Result<(), CacheError> {
        self.cache.clear().await
    }

    pub(super) async fn not_yet<T>(&self, _: impl Sized) -> Result<Reported<T>, ReportError> {
        let _ = (&self.store, &self.coverage, self.ttl);
        Err(StoreError::Refused("reports are not built yet".to_owned()).into())
    }
}
