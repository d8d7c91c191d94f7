//! Clears this server's reports after erasures on other servers.

use quarry_runtime::boxed;
use std::time::Duration;

use chrono::TimeDelta;

use super::{CacheError, Reports};
use quarry_domain::Timestamp;
use quarry_store::{ErasureMark, StoreError};

/// The delay from the first clear after an erasure to the second.
const FIRST_DELAY: TimeDelta = TimeDelta::seconds(2);
/// The longest delay between two clears.
const MAX_DELAY: TimeDelta = TimeDelta::seconds(64);

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureStep {
    /// This server cleared its reports.
    Cleared,
    /// No clear was due.
    Idle,
}

/// A failed step.
#[derive(Debug, thiserror::Error)]
pub enum ErasureWatchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cache failed.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Clears this server's reports after erasures, which it finds in the store.
///
/// Without Redis, each server has its own cache; with Redis, its own fallback cache. The store shows that an
/// erasure has begun, not that it is complete: a report that is computed in between contains erased data.
/// So further clears follow at doubling delays, and such a report is shown for about as long as the erasure
/// took.
pub struct ErasureWatch {
    reports: Reports,
    last_mark: Option<ErasureMark>,
    scheduled: Option<ScheduledClear>,
}

/// The next clear, and the delay from it to the one after.
struct ScheduledClear {
    at: Timestamp,
    delay: TimeDelta,
}

impl ErasureWatch {
    /// The pause between two steps: each costs a small query.
    pub const PERIOD: Duration = Duration::from_secs(2);

    /// Creates a watch. Reports must not be older than its first step.
    pub fn new(reports: Reports) -> Self {
        Self { reports, last_mark: None, scheduled: None }
    }

    /// Clears the reports after a new erasure, or if a clear is due.
    #[boxed]
    pub async fn step(&mut self, now: Timestamp) -> Result<ErasureStep, ErasureWatchError> {
        let mark = self.reports.0.store.erasure_mark().await?;
        let is_known = self.last_mark.as_ref().is_none_or(|last_mark| mark == *last_mark);
        let delay = match &self.scheduled {
            _ if !is_known => FIRST_DELAY,
            Some(scheduled) if scheduled.at <= now => scheduled.delay,
            _ => {
                self.last_mark = Some(mark);
                return Ok(ErasureStep::Idle);
            }
        };
        self.reports.clear_local().await?;
        // After the clear, so that the next step repeats a failed one.
        self.last_mark = Some(mark);
        let next = now.checked_add_signed(delay).filter(|_| delay <= MAX_DELAY);
        self.scheduled = next.map(|at| ScheduledClear { at, delay: delay * 2 });
        Ok(ErasureStep::Cleared)
    }
}
