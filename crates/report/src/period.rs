use chrono::TimeDelta;
use serde::Serialize;

use super::ReportError;
use quarry_domain::{Period, Timestamp};

/// The default length of a period.
const DEFAULT_LENGTH: TimeDelta = TimeDelta::days(30);

/// The period of a report, absolute or relative to the time of the computation.
///
/// It is part of the cache key as it was requested: "the last 30 days" is one report, whenever it is
/// requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReportPeriod {
    /// The inclusive start; 30 days before the end by default.
    pub from: Option<Timestamp>,
    /// The exclusive end; open by default.
    pub before: Option<Timestamp>,
}

impl ReportPeriod {
    /// Returns the period of a report that is computed now.
    pub(super) fn resolve(self, now: Timestamp) -> Result<Period, ReportError> {
        let earlier = |end: Timestamp| end.checked_sub_signed(DEFAULT_LENGTH).unwrap_or(Timestamp::MIN_UTC);
        let from = self.from.unwrap_or_else(|| earlier(self.before.unwrap_or(now)));
        if self.before.is_some_and(|before| from >= before) {
            return Err(ReportError::EmptyPeriod);
        }
        Ok(Period { from, before: self.before })
    }
}
