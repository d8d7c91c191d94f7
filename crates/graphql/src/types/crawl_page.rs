use async_graphql::Object;

use super::{RejectedItem, int};
use crate::list::List;
use crate::scalars::DateTime;

/// The GraphQL type of a page of a crawl.
#[derive(Clone)]
pub(crate) struct CrawlPage(pub(crate) quarry_domain::CrawlPage);

/// A page of a crawl and the attempts to fetch it.
#[Object]
impl CrawlPage {
    /// The number of the page within its crawl, over all sweeps, from 0.
    async fn position(&self) -> i32 {
        int(self.0.position.0)
    }

    /// The number of the sweep (a pass over the upstream) that contains the page, from 1.
    async fn sweep(&self) -> i32 {
        self.0.sweep
    }

    /// The number of requests for this page, including failed ones.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// The HTTP status of the latest attempt; null if there was no response.
    async fn status(&self) -> Option<i32> {
        self.0.status
    }

    /// The number of items on the page; 0 until the page was fetched.
    async fn documents(&self) -> i32 {
        self.0.documents
    }

    /// A digest of the page's keys, by which duplicate pages are detected; null until the page was fetched.
    async fn hash(&self) -> Option<&str> {
        self.0.hash.as_deref()
    }

    /// The errors of the failed attempts, in order.
    async fn failures(&self) -> List<&[String]> {
        List(&self.0.failures)
    }

    /// The first rejected items of the page.
    async fn rejections(&self) -> List<Vec<RejectedItem>> {
        List(self.0.rejections.iter().map(RejectedItem::from).collect())
    }

    /// The time at which the latest attempt began.
    async fn fetched_at(&self) -> DateTime {
        DateTime(self.0.fetched_at)
    }
}
