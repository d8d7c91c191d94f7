use chrono::TimeDelta;
use serde::Serialize;

use super::ReportError;
use quarry_domain::{Period, Timestamp};

/// How far back a report goes where nobody says.
const DEFAULT_LENGTH: TimeDelta = TimeDelta::days(30);

/// The time that somebody asks about, which may depend on when the answer is computed: the last
/// 30 days are the same question all day long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReportPeriod {
    /// What happened then or later; 30 days before the end unless given.
    pub from: Option<Timestamp>,
    /// What happened earlier; everything up to the latest unless given.
    pub before: Option<Timestamp>,
}

impl ReportPeriod {
    /// The period, for an answer that is computed now.
    pub(super) fn at(self, now: Timestamp) -> Result<Period, ReportError> {
        let earlier = |end: Timestamp| end.checked_sub_signed(DEFAULT_LENGTH).unwrap_or(Timestamp::MIN_UTC);
        let from = self.from.unwrap_or_else(|| earlier(self.before.unwrap_or(now)));
        if self.before.is_some_and(|before| from >= before) {
            return Err(ReportError::EmptyPeriod);
        }
        Ok(Period { from, before: self.before })
    }
}
