use async_graphql::{Context, Object};
use chrono::Utc;

use super::{Crawl, SourceAttribute, int};
use crate::failure::Failure;
use crate::guard;
use crate::list::List;
use crate::loaders::{LastCrawl, Loaders, SourceCount};
use crate::pagination::page_size;
use crate::scalars::DateTime;
use crate::services::Services;
use quarry_domain::{Scope, SourceName};

/// The GraphQL type of a source.
pub(crate) struct Source(pub(crate) SourceName);

/// A source of documents: a crawled upstream, or a name under which clients store documents.
#[Object]
impl Source {
    /// The unique name.
    async fn name(&self) -> &str {
        self.0.as_str()
    }

    /// True if the settings have its upstream, so that `startCrawl` crawls it; false if only clients store documents.
    async fn is_crawled(&self, ctx: &Context<'_>) -> Result<bool, Failure> {
        Ok(Services::of(ctx)?.crawls.has_source(&self.0))
    }

    /// The number of documents.
    async fn document_count(&self, ctx: &Context<'_>) -> Result<i32, Failure> {
        Ok(int(Loaders::load(ctx, SourceCount(self.0.clone())).await?.unwrap_or(0)))
    }

    /// The declared attributes of its documents, in the order of the settings.
    async fn attributes(&self, ctx: &Context<'_>) -> Result<List<Vec<SourceAttribute>>, Failure> {
        let attributes = Services::of(ctx)?.search.attributes();
        Ok(attributes.of_source(&self.0).iter().map(SourceAttribute::from).collect())
    }

    /// The latest crawl, running or ended; null if there is none. Scope: ADMIN.
    async fn last_crawl(&self, ctx: &Context<'_>) -> Option<Result<Crawl, Failure>> {
        if let Err(failure) = guard::require(ctx, "The field lastCrawl", Scope::Admin) {
            return Some(Err(failure));
        }
        Loaders::load(ctx, LastCrawl(self.0.clone())).await.transpose().map(|found| found.map(Crawl))
    }

    /// The time of the next crawl, now if the source is due; null while it is crawled, and if it waits for `startCrawl`
    /// or for its parent. Scope: ADMIN.
    async fn next_crawl_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, Failure> {
        guard::require(ctx, "The field nextCrawlAt", Scope::Admin)?;
        Ok(Services::of(ctx)?.crawls.next(&self.0, Utc::now()).await?.map(DateTime))
    }

    /// The crawls, latest first. Scope: ADMIN.
    async fn crawls(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Returns the first n items: 10 by default, at most 100.")] first: Option<i32>,
    ) -> Result<List<Vec<Crawl>>, Failure> {
        guard::require(ctx, "The field crawls", Scope::Admin)?;
        let size = page_size(ctx, first)?;
        if size == 0 {
            return Ok(List(Vec::new()));
        }
        let crawls = Services::of(ctx)?.store.crawls_of_source(&self.0, size as u64).await?;
        Ok(crawls.into_iter().map(Crawl).collect())
    }
}
