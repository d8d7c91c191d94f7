//! The resolvers of `Subscription`, one method per field.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Subscription as GraphqlSubscription};
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::failure::Failure;
use super::guard::RootGuard;
use super::mutation::unknown_source;
use super::services::Services;
use super::types::{Crawl, Search};
use quarry_domain::SourceName;
use quarry_store::Store;

/// The interval of polling a crawl. Polling the store covers the crawls of all servers.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// The subscription root.
pub(super) struct Subscription;

/// The subscriptions: logged searches and the progress of crawls.
#[GraphqlSubscription(guard = RootGuard(OperationType::Subscription))]
impl Subscription {
    /// The searches that any server logs, as they are logged. A client that reads too slowly misses some; `searchLog`
    /// has all of them. Scope: REPORTS.
    async fn search_logged(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = Search> + use<>, Failure> {
        Ok(Services::of(ctx)?.keystrokes.feed.subscribe().map(Search))
    }

    /// The latest crawl of a source: immediately, and again whenever it changes or another crawl begins. Scope: ADMIN.
    async fn crawl_progress(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name of the source.")] source: String,
    ) -> Result<impl Stream<Item = Result<Crawl, Failure>> + use<>, Failure> {
        let services = Services::of(ctx)?;
        let mut known: Vec<SourceName> = services.crawls.sources();
        if !known.iter().any(|name| name.as_str() == source) {
            known.extend(services.store.sources().await?);
            known.sort();
            known.dedup();
        }
        let Some(source) = known.iter().find(|name| name.as_str() == source) else {
            return Err(unknown_source(&source, "Known", &known));
        };
        let watch = CrawlWatch::new(services.store.clone(), source.clone());
        Ok(stream::unfold(watch, |mut watch| async move { Some((watch.next().await, watch)) }))
    }
}

/// A poller of the latest crawl of a source.
struct CrawlWatch {
    store: Store,
    source: SourceName,
    ticks: Interval,
    last: Option<quarry_domain::Crawl>,
    failing: bool,
}

impl CrawlWatch {
    fn new(store: Store, source: SourceName) -> Self {
        let mut ticks = interval(POLL_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { store, source, ticks, last: None, failing: false }
    }

    /// Waits for the next change. Reports the first error of an outage, and keeps polling.
    async fn next(&mut self) -> Result<Crawl, Failure> {
        loop {
            self.ticks.tick().await;
            match self.store.last_crawls(std::slice::from_ref(&self.source)).await {
                Ok(mut crawls) => {
                    self.failing = false;
                    // The cursor is internal to the crawler: its changes are not visible to clients.
                    let latest = crawls
                        .remove(&self.source)
                        .map(|crawl| quarry_domain::Crawl { cursor: None, ..crawl });
                    if let Some(latest) = latest
                        && self.last.as_ref() != Some(&latest)
                    {
                        self.last = Some(latest.clone());
                        return Ok(Crawl(latest));
                    }
                }
                Err(error) if !self.failing => {
                    self.failing = true;
                    return Err(error.into());
                }
                Err(_) => {}
            }
        }
    }
}
