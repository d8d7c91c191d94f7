use async_graphql::SimpleObject;

use super::{report_of_rows, report_type};
use crate::list::List;
use crate::scalars::DateTime;
use crate::types::int;

report_type! {
    /// Searches over time.
    SearchVolumeReport {
        /// One row for each interval that overlaps the period, earliest first, including intervals without searches.
        rows: List<Vec<VolumeBucket>>,
    }
}

/// The searches of an interval.
#[derive(SimpleObject)]
pub(crate) struct VolumeBucket {
    /// The start of the interval, by the calendar of the time zone. The first and the last interval count only searches
    /// within the period.
    start: DateTime,
    /// The number of searches.
    searches: i32,
    /// The number of sessions that searched: exact for intervals of up to 1,000 searches (and 100,000 searches in such
    /// intervals together), otherwise estimated with a standard error of 2.3 %.
    sessions: i32,
    /// The number of searches without results.
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
