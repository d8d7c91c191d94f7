use async_graphql::{ComplexObject, Context, Enum, SimpleObject};

use super::ranked_page::RankedPage;
use super::{Freshness, report_type};
use crate::failure::Failure;
use crate::list::List;
use crate::scalars::DateTime;
use crate::services::Services;
use crate::types::{PageInfo, int};
use quarry_report::ReportResponse;
use quarry_search::SearchRequest;

report_type! {
    /// The most frequent searches without results in a period.
    ZeroResultReport {
        /// The queries, by number of searches without results in descending order, ties by code point.
        rows: List<Vec<ZeroResultSearch>>,
        /// The position of these rows among all.
        page_info: PageInfo,
    }
}

/// A query without results.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct ZeroResultSearch {
    /// The spelling of most sessions.
    query: String,
    /// The number of searches without results, and of relaxed ones if the report includes them.
    searches: i32,
    /// The number of relaxed searches among them.
    relaxed: i32,
    /// The number of sessions that searched for it, with or without results: exact up to 1,000 searches, otherwise
    /// estimated with a standard error of 2.3 %.
    sessions: i32,
    /// The time of the latest search.
    last_searched_at: DateTime,
}

#[ComplexObject]
impl ZeroResultSearch {
    /// The number of documents that `search` finds for it now, with default arguments. Always computed from the index,
    /// never cached.
    async fn hits_now(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        let request = SearchRequest::new(self.query.as_str(), 0);
        Ok(int(Services::of(ctx)?.search.search(&request).await?.total))
    }
}

/// Searches that a report of searches without results may include.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum ZeroResultInclusion {
    /// Searches that only documents with some of the words answered, or that these completed (`relaxed`).
    Relaxed,
}

impl ZeroResultReport {
    /// Converts a page of the report.
    pub(super) fn of_page(
        page: RankedPage,
        report: ReportResponse<Vec<quarry_domain::ZeroResultSearch>>,
    ) -> Self {
        let freshness = Freshness::of(&report);
        let (rows, page_info) = page.cut(report.value);
        Self::new(freshness, rows.into_iter().map(Into::into).collect(), page_info)
    }
}

impl From<quarry_domain::ZeroResultSearch> for ZeroResultSearch {
    fn from(row: quarry_domain::ZeroResultSearch) -> Self {
        Self {
            query: row.query,
            searches: int(row.searches),
            relaxed: int(row.relaxed),
            sessions: int(row.sessions),
            last_searched_at: DateTime(row.last_searched_at),
        }
    }
}
