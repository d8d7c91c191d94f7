//! How many searches run at once, how many may wait, and how they fare.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::engine::{EngineLoad, SearchError};
use quarry_runtime::figures::{Count, Durations, QUICK};

/// Searches that may wait for a permit, for each that may run.
const WAITING_PER_PERMIT: usize = 64;

/// The permits of an engine.
pub(super) struct Permits {
    free: Semaphore,
    most: usize,
    waiting: AtomicUsize,
    refused: Count,
    failed: Count,
    searches: Durations,
}

impl Permits {
    /// So many searches at once.
    pub(super) fn new(most: usize) -> Self {
        Self {
            free: Semaphore::new(most),
            most,
            waiting: AtomicUsize::new(0),
            refused: Count::default(),
            failed: Count::default(),
            searches: Durations::new(QUICK),
        }
    }

    /// Waits for a permit, unless too many do.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, SearchError> {
        if let Ok(permit) = self.free.try_acquire() {
            return Ok(permit);
        }
        let Some(place) = WaitingPlace::take(&self.waiting, self.most * WAITING_PER_PERMIT) else {
            self.refused.one();
            return Err(SearchError::TooBusy);
        };
        let permit = self.free.acquire().await.map_err(|_| SearchError::TooBusy)?;
        drop(place);
        Ok(permit)
    }

    /// Counts a search that had its permit, and began then.
    pub(super) fn note<T>(&self, began: Instant, answer: &Result<T, SearchError>) {
        self.searches.note(began.elapsed());
        if matches!(answer, Err(SearchError::Damaged(_) | SearchError::Failed(_))) {
            self.failed.one();
        }
    }

    /// How they fare.
    pub(super) fn load(&self) -> EngineLoad {
        EngineLoad {
            searches: self.searches.spread(),
            failed: self.failed.get(),
            refused: self.refused.get(),
            permits: self.most,
            running: self.most.saturating_sub(self.free.available_permits()),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }
}

/// A place in the bounded queue for a permit; given back when it is dropped.
struct WaitingPlace<'a>(&'a AtomicUsize);

impl<'a> WaitingPlace<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let place = Self(waiting);
        // Counted first, so that two that come at once cannot both take the last place.
        (waiting.fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for WaitingPlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
