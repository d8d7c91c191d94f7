use async_graphql::SimpleObject;

use super::{report_of_rows, report_type};
use crate::list::List;
use crate::types::int;
use quarry_report::SearchedQuery;

report_type! {
    /// What was searched for most in a period.
    TopSearchesReport {
        /// Queries, the most searched ones first, ties in the order of their characters. Spellings that differ in
        /// case, width or white space only are one query.
        rows: List<Vec<TopSearch>>,
    }
}

/// A query and how it was searched for.
#[derive(SimpleObject)]
pub(crate) struct TopSearch {
    /// Its latest spelling.
    query: String,
    /// How many searches.
    searches: i32,
    /// How many sessions searched for it: exact up to 1,000 searches, estimated above with a standard error of
    /// 2.3 %.
    sessions: i32,
    /// How many documents it found on average, of the searches whose number of results is known; null where none
    /// is.
    average_results: Option<f64>,
    /// The share of its searches that led to a click, from 0 to 1: clicks that quote a `searchId` count, those of
    /// one answer once. Null where no such click of any query was recorded in the period.
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
