use async_graphql::{ComplexObject, Context, SimpleObject};

use super::{report_of_rows, report_type};
use crate::failure::Failure;
use crate::list::List;
use crate::scalars::DateTime;
use crate::services::Services;
use crate::types::int;
use quarry_search::SearchRequest;

report_type! {
    /// The most frequent searches without results in a period.
    ZeroResultReport {
        /// The queries, by number of searches without results in descending order, ties by code point.
        rows: List<Vec<ZeroResultSearch>>,
    }
}

/// A query without results.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct ZeroResultSearch {
    /// The spelling of most sessions.
    query: String,
    /// The number of searches without results.
    searches: i32,
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

report_of_rows!(ZeroResultReport of quarry_domain::ZeroResultSearch);

impl From<quarry_domain::ZeroResultSearch> for ZeroResultSearch {
    fn from(row: quarry_domain::ZeroResultSearch) -> Self {
        Self {
            query: row.query,
            searches: int(row.searches),
            sessions: int(row.sessions),
            last_searched_at: DateTime(row.last_searched_at),
        }
    }
}
