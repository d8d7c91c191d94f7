use std::sync::Arc;

use super::calendar::MAX_BUCKETS;
use quarry_cache::TransientError;
use quarry_store::StoreError;

/// An error of a report. Messages of invalid parameters complete the parameter's name.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReportError {
    /// The period ends at or before its start.
    #[error("must begin before it ends")]
    EmptyPeriod,
    /// The period is too long for the interval.
    #[error(
        "is too short for this period, which has more than {MAX_BUCKETS} of them: use a longer interval or a shorter period"
    )]
    TooManyIntervals,
    /// The time zone is not in the IANA database.
    #[error("is not an IANA time zone: use a name such as Europe/Berlin or UTC")]
    UnknownTimeZone,
    /// The store failed, and there is no stale report.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<StoreError> for ReportError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl TransientError for ReportError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if matches!(**error, StoreError::Unavailable(_)))
    }
}
