use async_graphql::InputObject;

use crate::scalars::DateTime;
use quarry_report::ReportPeriod;

/// The time that a report is about; the last 30 days unless given.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub(crate) struct Period {
    /// What happened then or later; 30 days before the end unless given.
    from: Option<DateTime>,
    /// What happened earlier; everything up to now unless given.
    before: Option<DateTime>,
}

impl From<Period> for ReportPeriod {
    fn from(period: Period) -> Self {
        Self { from: period.from.map(|at| at.0), before: period.before.map(|at| at.0) }
    }
}
