use async_graphql::SimpleObject;

use super::{report_of_rows, report_type};
use crate::list::List;
use crate::scalars::DateTime;
use crate::types::int;

report_type! {
    /// Searches over time.
    SearchVolumeReport {
        /// One for each interval that the period touches, empty ones too, earliest first.
        rows: List<Vec<VolumeBucket>>,
    }
}

/// The searches of one interval.
#[derive(SimpleObject)]
pub(crate) struct VolumeBucket {
    /// When the interval begins, by the calendar of the time zone. Of the first and the last interval, what lies
    /// outside the period is not counted.
    start: DateTime,
    /// How many searches.
    searches: i32,
    /// How many sessions searched: exact up to 1,000 searches an interval and 100,000 in such intervals, estimated
    /// above with a standard error of 2.3 %.
    sessions: i32,
    /// How many searches found nothing.
    zero_results: i32,
}

report_of_rows!(SearchVolumeReport of quarry_domain::VolumeBucket);

impl From<quarry_domain::VolumeBucket> for VolumeBucket {
    fn from(row: quarry_domain::VolumeBucket) -> Self {
        Self {
            start: DateTime(row.start),
            searches: int(row.searches),
            sessions: int(row.sessions),
            zero_results: int(row.zero_results),
        }
    }
}
