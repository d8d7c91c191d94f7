//! Up to when the log of searches is complete: what was typed last is not yet in it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use quarry_domain::{Period, Timestamp};

/// How long a report waits to be told. It holds one of the few places for computations meanwhile, and
/// it is as good without: it claims less.
const PATIENCE: Duration = Duration::from_millis(300);

/// Why it is not known what is yet to be logged.
#[derive(Debug, thiserror::Error)]
#[error("it is not known what is yet to be logged: {0}")]
pub struct CoverageError(pub String);

/// Knows what was typed and is not yet in the log of searches.
#[async_trait]
pub trait Coverage: Send + Sync {
    /// When the oldest keystroke arrived that is not yet in the log, of the whole fleet; `None`
    /// if there is none.
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError>;
}

/// What is known of the coverage of the log.
pub(super) struct LogCoverage {
    coverage: Arc<dyn Coverage>,
    /// Up to when the log was complete when that was last known: it has not become less since.
    known: Mutex<Option<Timestamp>>,
}

impl LogCoverage {
    pub(super) fn new(coverage: Arc<dyn Coverage>) -> Self {
        Self { coverage, known: Mutex::default() }
    }

    /// Up to when a report is complete that reads the log after this call, which was made at
    /// `now`. What is not told in time is not known; where nothing is, the report claims to cover
    /// nothing of its period.
    pub(super) async fn of(&self, period: Period, now: Timestamp) -> Timestamp {
        let found = tokio::time::timeout(PATIENCE, self.coverage.oldest_pending()).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let covered = match found {
            Ok(Ok(oldest)) => {
                let covered = oldest.map_or(now, |oldest| oldest.min(now));
                *known = Some(covered);
                covered
            }
            Ok(Err(_)) | Err(_) => known.unwrap_or(period.from).min(now),
        };
        period.end_by(covered)
    }
}
