//! Crawls end to end, over real HTTP into a real SQLite store.

mod bodies;
mod changes_only;
mod children;
mod completeness;
mod concurrency;
mod doubts;
mod faults;
mod groups;
mod keyset;
mod known_apis;
mod leases;
mod list_ends;
mod live_feeds;
mod misleading;
mod outage;
mod paging;
mod quotas;
mod redirects;
mod requests;
mod resumption;
pub(crate) mod scripted;
mod simulated;
mod waits;
mod worker;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Utc;
use quarry::config::SourceConfig;
use quarry::crawl::{CrawlOptions, Crawler, HttpUpstream, StepOutcome};
use quarry::domain::{Crawl, CrawlPage, DocumentChange, Revision};
use quarry::store::{Slice, Store, Vanished};
use rand::SeedableRng;
use rand::rngs::StdRng;
use uuid::Uuid;

use self::scripted::{Upstream, source};
use crate::support::databases::TestDatabase;

/// A limit above the steps of any crawl here.
const MAX_STEPS: usize = 20_000;

/// A store for one test.
struct Bench {
    store: Store,
    database: TestDatabase,
}

impl Bench {
    async fn new() -> Self {
        let database = TestDatabase::sqlite();
        Self { store: database.store().await, database }
    }

    fn crawler(&self, config: &SourceConfig) -> Crawler {
        self.crawler_of(config, CrawlOptions::new(Uuid::from_u128(1)))
    }

    fn crawler_of(&self, config: &SourceConfig, options: CrawlOptions) -> Crawler {
        let upstream = Arc::new(HttpUpstream::new(config).expect("an upstream"));
        Crawler::new(self.store.clone(), upstream, config.clone(), options, StdRng::seed_from_u64(1))
    }

    /// Crawls to the end without pauses between steps.
    async fn crawl(&self, config: &SourceConfig) -> Crawl {
        finish(&mut self.crawler(config)).await.0
    }

    /// Returns the keys of all live documents.
    async fn keys(&self) -> BTreeSet<String> {
        let changes = self.store.changes_after(Revision::ZERO, 100_000).await.expect("changes");
        changes
            .into_iter()
            .filter_map(|change| match change {
                DocumentChange::Upserted(_, document) => Some(document.key.as_str().to_owned()),
                DocumentChange::Deleted(..) => None,
            })
            .collect()
    }

    async fn ledger(&self, crawl: &Crawl) -> Vec<CrawlPage> {
        self.store.crawl_pages(crawl.id, Slice::first(10_000)).await.expect("a ledger")
    }

    /// Returns the failures of all pages in the ledger.
    async fn failures(&self, crawl: &Crawl) -> Vec<String> {
        self.ledger(crawl).await.into_iter().flat_map(|page| page.failures).collect()
    }
}

/// Crawls an upstream into a new store, with changed settings.
async fn crawl(upstream: &Upstream, configure: impl FnOnce(&mut SourceConfig)) -> (Bench, Crawl) {
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    configure(&mut config);
    let crawl = bench.crawl(&config).await;
    (bench, crawl)
}

/// Steps a crawler to the end of its crawl without pauses.
async fn finish(crawler: &mut Crawler) -> (Crawl, Vanished) {
    for _ in 0..MAX_STEPS {
        if let StepOutcome::Finished { crawl, vanished } = crawler.step(Utc::now()).await.expect("a step") {
            return (crawl, vanished);
        }
    }
    panic!("the crawl did not end in {MAX_STEPS} steps");
}

/// Returns the keys `k0` to `k{n - 1}`.
fn first_keys(n: usize) -> BTreeSet<String> {
    (0..n).map(|number| format!("k{number}")).collect()
}
