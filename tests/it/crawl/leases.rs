//! Leases of crawls: one process of a fleet crawls a source.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use quarry::config::SourceConfig;
use quarry::crawl::{CrawlError, CrawlOptions, LogProgress, Progress, RunEnd, StepOutcome};
use quarry::domain::{CrawlState, SourceName};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::scripted::{Upstream, items, ok, page_of, source};
use super::{Bench, finish, first_keys};

const LEASE: &str = "crawl:messages";
const TTL: Duration = Duration::from_secs(600);

fn other() -> Uuid {
    Uuid::from_u128(2)
}

#[tokio::test]
async fn a_source_of_another_process_is_skipped() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(5), request))).await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    bench.store.acquire_lease(LEASE, other(), TTL).await.expect("a result").expect("the lease");
    let end = bench.crawler(&config).run(&CancellationToken::new(), &LogProgress).await.expect("a run");
    assert_eq!(end, RunEnd::Held(Some(other())));
    assert_eq!(upstream.requests().len(), 0);
    assert_eq!(bench.store.crawls_of_source(&config.name, 1).await.expect("crawls"), []);
    assert_eq!(bench.store.lease_holder(LEASE).await.expect("a result"), Some(other()), "and not released");
}

#[tokio::test]
async fn a_crawler_that_lost_its_lease_writes_nothing_more() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(35), request))).await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    let mut first = bench.crawler(&config);
    for _ in 0..3 {
        first.step(Utc::now()).await.expect("a step");
    }
    let taken = bench.store.take_over_lease(LEASE, Uuid::from_u128(1), other(), TTL).await;
    taken.expect("a result").expect("the lease");
    let before = bench.store.crawls_of_source(&config.name, 1).await.expect("crawls");
    assert!(matches!(first.step(Utc::now()).await, Err(CrawlError::LeaseLost)));
    assert!(
        matches!(first.step(Utc::now()).await, Ok(StepOutcome::Held { holder, .. }) if holder == Some(other()))
    );
    assert_eq!(bench.store.crawls_of_source(&config.name, 1).await.expect("crawls"), before);
    assert_eq!(upstream.requests().len(), 2, "no further request");

    let (crawl, _) = finish(&mut bench.crawler_of(&config, CrawlOptions::new(other()))).await;
    assert_eq!((crawl.id, crawl.state, crawl.inserted), (before[0].id, CrawlState::Completed, 35));
    assert_eq!(bench.keys().await, first_keys(35));
    let outcome = first.step(Utc::now()).await.expect("a step");
    assert!(
        matches!(outcome, StepOutcome::Finished { crawl: ended, .. } if ended == crawl),
        "not crawled again"
    );
}

/// Takes over the lease after the second page, before the next request.
struct Thief(Arc<Bench>);

impl Progress for Thief {
    fn report(&self, _source: &SourceName, outcome: &StepOutcome) {
        if matches!(outcome, StepOutcome::PageStored { position, .. } if position.0 == 1) {
            let theft = self.0.store.take_over_lease(LEASE, Uuid::from_u128(1), other(), TTL);
            let taken = block_in_place(|| Handle::current().block_on(theft));
            taken.expect("a result").expect("the lease");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_loses_its_lease_ends() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(35), request))).await;
    let bench = Arc::new(Bench::new().await);
    // With pauses, each page is stored alone.
    let config = SourceConfig { delay: Duration::from_millis(1), ..source(upstream.url("/m")) };
    let end = bench.crawler(&config).run(&CancellationToken::new(), &Thief(bench.clone())).await;
    assert!(matches!(end, Err(CrawlError::LeaseLost)), "{end:?}");
    assert!(upstream.requests().len() <= 3);
    let crawls = bench.store.crawls_of_source(&config.name, 1).await.expect("crawls");
    assert_eq!(crawls[0].state, CrawlState::Running, "the other process continues it");
    assert_eq!(bench.store.lease_holder(LEASE).await.expect("a result"), Some(other()));
}

#[tokio::test]
async fn the_lease_of_a_dead_process_is_taken_over() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(5), request))).await;
    let bench = Bench::new().await;
    let config = source(upstream.url("/m"));
    bench.store.acquire_lease(LEASE, other(), TTL).await.expect("a result").expect("the lease");
    let options = CrawlOptions {
        known_dead: Some(Arc::new(|holder| holder == other())),
        ..CrawlOptions::new(Uuid::from_u128(1))
    };
    let (crawl, _) = finish(&mut bench.crawler_of(&config, options)).await;
    assert_eq!(crawl.state, CrawlState::Completed);
    assert_eq!(bench.store.lease_holder(LEASE).await.expect("a result"), None, "released at the end");
}

/// Releases the other process's lease once the crawler waits for it.
struct Release(Arc<Bench>);

impl Progress for Release {
    fn report(&self, _source: &SourceName, outcome: &StepOutcome) {
        if matches!(outcome, StepOutcome::Held { .. }) {
            let bench = self.0.clone();
            tokio::spawn(async move {
                let lease = quarry::store::Lease { name: LEASE.to_owned(), holder: other() };
                bench.store.release_lease(&lease).await.expect("a result");
            });
        }
    }
}

#[tokio::test]
async fn a_run_can_wait_for_the_lease() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(5), request))).await;
    let bench = Arc::new(Bench::new().await);
    let config = source(upstream.url("/m"));
    bench.store.acquire_lease(LEASE, other(), TTL).await.expect("a result").expect("the lease");
    let options = CrawlOptions { wait_for_lease: true, ..CrawlOptions::new(Uuid::from_u128(1)) };
    let mut crawler = bench.crawler_of(&config, options);
    let end = crawler.run(&CancellationToken::new(), &Release(bench.clone())).await.expect("a run");
    assert!(matches!(end, RunEnd::Finished(crawl, _) if crawl.state == CrawlState::Completed));
}
