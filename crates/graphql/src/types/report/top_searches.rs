use async_graphql::SimpleObject;

use super::{report_of_rows, report_type};
use crate::list::List;
use crate::types::int;
use quarry_report::SearchedQuery;

report_type! {
    /// The most frequent searches in a period.
    TopSearchesReport {
        /// The queries, by number of searches in descending order, ties by code point. Spellings that differ only in
        /// case, width or white space count as one query.
        rows: List<Vec<TopSearch>>,
    }
}

/// A query and its statistics.
#[derive(SimpleObject)]
pub(crate) struct TopSearch {
    /// The spelling of most sessions.
    query: String,
    /// The number of searches.
    searches: i32,
    /// The number of sessions that searched for it: exact up to 1,000 searches, otherwise estimated with a standard
    /// error of 2.3 %.
    sessions: i32,
    /// The mean number of results, over the searches whose number of results is known; null if there is none.
    average_results: Option<f64>,
    /// The share of searches that led to a click, from 0 to 1. It counts clicks with a `searchId`, one for each search
    /// result. Null if the period has no such click of any query.
    click_through_rate: Option<f64>,
}

report_of_rows!(TopSearchesReport of SearchedQuery);

impl From<SearchedQuery> for TopSearch {
    fn from(row: SearchedQuery) -> Self {
        let SearchedQuery { search, click_through_rate } = row;
        Self {
            query: search.query,
            searches: int(search.searches),
            sessions: int(search.sessions),
            average_results: search.average_results,
            click_through_rate,
        }
    }
}
