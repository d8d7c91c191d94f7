//! Up to when the log of searches is complete: what was typed last is not yet in it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::domain::{Period, Timestamp};

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
    /// `now`. Where nothing is known, it claims to cover nothing of its period.
    pub(super) async fn of(&self, period: Period, now: Timestamp) -> Timestamp {
        let found = self.coverage.oldest_pending().await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let covered = match found {
            Ok(oldest) => {
                let covered = oldest.map_or(now, |oldest| oldest.min(now));
                *known = Some(covered);
                covered
            }
            Err(_) => known.unwrap_or(period.from).min(now),
        };
        period.end_by(covered)
    }
}
