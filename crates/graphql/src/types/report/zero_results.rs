use async_graphql::{ComplexObject, Context, SimpleObject};

use super::{report_of_rows, report_type};
use crate::error::Failure;
use crate::list::List;
use crate::scalars::DateTime;
use crate::services::Services;
use crate::types::int;
use quarry_search::SearchRequest;

report_type! {
    /// What was searched for in vain in a period.
    ZeroResultReport {
        /// Queries, those that found nothing most often first, ties in the order of their characters.
        rows: List<Vec<ZeroResultSearch>>,
    }
}

/// A query that found nothing.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct ZeroResultSearch {
    /// Its latest spelling.
    query: String,
    /// How many searches found nothing.
    searches: i32,
    /// How many sessions searched for it, whatever they found: exact up to 1,000 searches, estimated above with a
    /// standard error of 2.3 %.
    sessions: i32,
    /// When it was last searched for.
    last_searched_at: DateTime,
}

#[ComplexObject]
impl ZeroResultSearch {
    /// How many documents it finds today, as `search` does unless told otherwise: what a crawl has since repaired.
    /// Asked of the index each time, never of the cache.
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
