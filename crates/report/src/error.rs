use std::sync::Arc;

use super::calendar::MAX_BUCKETS;
use quarry_cache::TransientError;
use quarry_store::StoreError;

/// Why there is no report. The texts say what to change.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReportError {
    /// The period ends before it begins, or with its beginning.
    #[error("must begin before it ends")]
    EmptyPeriod,
    /// The period is too long for the interval.
    #[error(
        "is too short for this period: it makes more than {MAX_BUCKETS} steps; ask for longer ones or a shorter period"
    )]
    TooManyIntervals,
    /// No such time zone.
    #[error("is not the name of an IANA time zone: give one as Europe/Berlin, or UTC")]
    UnknownTimeZone,
    /// The store could not answer, and there is no answer from before.
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
