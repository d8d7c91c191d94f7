use async_graphql::InputObject;

use crate::scalars::DateTime;
use quarry_report::ReportPeriod;

/// The period of a report: the last 30 days by default.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub(crate) struct Period {
    /// The start, inclusive: 30 days before the end by default.
    from: Option<DateTime>,
    /// The end, exclusive: now by default.
    before: Option<DateTime>,
}

impl From<Period> for ReportPeriod {
    fn from(period: Period) -> Self {
        Self { from: period.from.map(|at| at.0), before: period.before.map(|at| at.0) }
    }
}
