//! The watermark of the log of searches: the latest keystrokes are not in it yet.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use quarry_domain::{Period, Timestamp};

/// The time limit of a coverage lookup, during which a report holds a computation permit.
///
/// Without the result, the report is valid, but claims to cover less.
const COVERAGE_TIMEOUT: Duration = Duration::from_millis(300);

/// A failed lookup of keystrokes that are not logged yet.
#[derive(Debug, thiserror::Error)]
#[error("the oldest pending keystroke is unknown: {0}")]
pub struct CoverageError(pub String);

/// The seam to the keystrokes that are not yet in the log of searches.
#[async_trait]
pub trait Coverage: Send + Sync {
    /// Returns the arrival of the fleet's oldest pending keystroke; `None` if none is pending.
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError>;
}

/// The coverage of the log, with its last known watermark.
pub(super) struct LogCoverage {
    coverage: Arc<dyn Coverage>,
    /// The last known watermark, which stays valid: the log never becomes less complete.
    known: Mutex<Option<Timestamp>>,
}

impl LogCoverage {
    pub(super) fn new(coverage: Arc<dyn Coverage>) -> Self {
        Self { coverage, known: Mutex::default() }
    }

    /// Returns the watermark of a report that reads the log from `now` on.
    ///
    /// Without a watermark, a report claims to cover nothing of its period.
    pub(super) async fn covered_until(&self, period: Period, now: Timestamp) -> Timestamp {
        let pending = tokio::time::timeout(COVERAGE_TIMEOUT, self.coverage.oldest_pending()).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let covered_until = match pending {
            Ok(Ok(oldest)) => {
                let watermark = oldest.map_or(now, |oldest| oldest.min(now));
                *known = Some(watermark);
                watermark
            }
            Ok(Err(_)) | Err(_) => known.unwrap_or(period.from).min(now),
        };
        period.end_by(covered_until)
    }
}
