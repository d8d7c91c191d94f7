//! Crawls that fail at a page, and continue there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarry::config::{OnFailedPage, SourceConfig};
use quarry::domain::CrawlState;

use super::scripted::{Upstream, items, ok, page_of, raw, source};
use super::{Bench, first_keys};

#[tokio::test]
async fn a_quota_smaller_than_the_source_is_worked_through() {
    let quota = Arc::new(AtomicUsize::new(0));
    let left = quota.clone();
    let upstream = Upstream::start(move |request| {
        let take = |left: usize| left.checked_sub(1);
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => ok(&page_of(&items(75), request)),
            Err(_) => raw(429, ""),
        }
    })
    .await;
    let bench = Bench::new().await;
    let config = SourceConfig { max_attempts: 3, ..source(upstream.url("/m")) };
    for (seen, state) in [(30, CrawlState::Failed), (60, CrawlState::Failed), (75, CrawlState::Completed)] {
        quota.store(3, Ordering::Relaxed);
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.documents_seen), (state, seen));
        assert_eq!(bench.keys().await, first_keys(seen as usize));
    }
    let skips: Vec<usize> =
        upstream.requests().iter().filter_map(|request| request.number_of("skip")).collect();
    assert_eq!(skips.iter().filter(|skip| **skip == 0).count(), 1, "no page is fetched twice: {skips:?}");

    // A continued crawl counts as one pass for the removal of vanished documents.
    quota.store(1_000, Ordering::Relaxed);
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.deleted, crawl.unchanged), (CrawlState::Completed, 0, 75));
}

#[tokio::test]
async fn a_page_that_fails_for_good_is_not_all_that_is_tried() {
    let upstream = Upstream::start(|request| match request.number_of("skip") {
        Some(20) => raw(500, ""),
        _ => ok(&page_of(&items(45), request)),
    })
    .await;
    let bench = Bench::new().await;
    let config = SourceConfig { max_attempts: 2, ..source(upstream.url("/m")) };
    let mut first = Vec::new();
    for _ in 0..3 {
        let before = upstream.requests().len();
        assert_eq!(bench.crawl(&config).await.state, CrawlState::Failed);
        first.push(upstream.requests()[before].number_of("skip"));
    }
    assert_eq!(first, [Some(0), Some(20), Some(0)], "without progress, the next one starts over");
}

#[tokio::test]
async fn a_page_that_fails_for_good_can_be_skipped() {
    let upstream = Upstream::start(|request| match request.number_of("skip") {
        Some(20) => raw(500, ""),
        _ => ok(&page_of(&items(45), request)),
    })
    .await;
    let bench = Bench::new().await;
    let config =
        SourceConfig { max_attempts: 2, on_failed_page: OnFailedPage::Skip, ..source(upstream.url("/m")) };
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Incomplete, 35));
    let error = crawl.error.clone().expect("an error");
    assert!(error.contains("skipped: page 2 (skip=20) could not be fetched in 2 attempts"), "{error}");
    let ledger = bench.ledger(&crawl).await;
    assert_eq!((ledger[2].status, ledger[2].documents, ledger[2].failures.len()), (Some(500), 0, 2));
}

#[tokio::test]
async fn an_upstream_that_is_down_is_not_skipped() {
    let upstream = Upstream::start(|request| match request.number_of("skip") {
        Some(0) => ok(&page_of(&items(900), request)),
        _ => raw(503, ""),
    })
    .await;
    let config =
        SourceConfig { max_attempts: 2, on_failed_page: OnFailedPage::Skip, ..source(upstream.url("/m")) };
    let crawl = Bench::new().await.crawl(&config).await;
    assert_eq!((crawl.state, crawl.attempts), (CrawlState::Failed, 1 + 4 * 2));
}
