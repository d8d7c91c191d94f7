use async_graphql::SimpleObject;

use super::ranked_page::RankedPage;
use super::{Freshness, report_type};
use crate::list::List;
use crate::types::{PageInfo, int};
use quarry_report::{ReportResponse, SearchedQuery};

report_type! {
    /// The most frequent searches in a period.
    TopSearchesReport {
        /// The queries, by number of searches in descending order, ties by code point. Spellings that differ only in
        /// case, accents, width or white space count as one query.
        rows: List<Vec<TopSearch>>,
        /// The position of these rows among all.
        page_info: PageInfo,
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
    /// The share of searches that led to a click, from 0 to 1, also to one after the period. It counts clicks with a
    /// `searchId`, one for each search result. Null if no search of the period, of any query, led to such a click.
    click_through_rate: Option<f64>,
    /// The share of searches that led to a conversion, from 0 to 1, counted and null like `clickThroughRate`.
    conversion_rate: Option<f64>,
    /// The number of searches without a click; null like `clickThroughRate`.
    searches_without_clicks: Option<i32>,
    /// The mean `position` of the clicks that have one; null if there is none.
    average_click_position: Option<f64>,
}

impl TopSearchesReport {
    /// Converts a page of the report.
    pub(super) fn of_page(page: RankedPage, report: ReportResponse<Vec<SearchedQuery>>) -> Self {
        let freshness = Freshness::of(&report);
        let (rows, page_info) = page.cut(report.value);
        Self::new(freshness, rows.into_iter().map(Into::into).collect(), page_info)
    }
}

impl From<SearchedQuery> for TopSearch {
    fn from(row: SearchedQuery) -> Self {
        Self {
            click_through_rate: row.click_through_rate(),
            conversion_rate: row.conversion_rate(),
            searches_without_clicks: row.searches_without_clicks().map(int),
            average_click_position: row.average_click_position(),
            query: row.search.query,
            searches: int(row.search.searches),
            sessions: int(row.search.sessions),
            average_results: row.search.average_results,
        }
    }
}
