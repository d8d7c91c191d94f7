//! Lists that change while they are crawled, and totals that are wrong.

use std::sync::atomic::{AtomicUsize, Ordering};

use quarry::domain::CrawlState;
use serde_json::json;

use super::scripted::{Upstream, item, items, ok, page_of, source};
use super::{Bench, crawl};

#[tokio::test]
async fn a_list_that_gains_items_completes_in_little_more_than_its_pages() {
    for every in [30, 12, 5] {
        let upstream =
            Upstream::start(move |request| ok(&page_of(&items(203 + request.number / every), request))).await;
        let (_, crawl) = crawl(&upstream, |_| {}).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None), "one per {every}");
        assert!(crawl.attempts <= 31, "{} requests for 21 pages", crawl.attempts);
        assert!(crawl.documents_seen >= 203);
    }
}

#[tokio::test]
async fn a_list_that_gains_an_item_with_each_request_completes() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(203 + request.number), request))).await;
    let (_, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!(crawl.state, CrawlState::Completed);
    assert!(crawl.attempts <= 31, "{} requests for 21 pages", crawl.attempts);
}

#[tokio::test]
async fn a_list_that_gains_items_at_its_head_completes() {
    let upstream = Upstream::start(|request| {
        let all: Vec<_> = (0..87 + request.number / 4).rev().map(item).collect();
        ok(&page_of(&all, request))
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert!(bench.keys().await.len() >= 87);

    // Without a total, the items that shift to the next page are no sign of an unstable order.
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    config.total = None;
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
}

#[tokio::test]
async fn a_list_that_loses_items_misses_none_of_the_others() {
    let upstream = Upstream::start(|request| {
        // Two items of the first page are deleted during the crawl.
        let gone = usize::from(request.number >= 3) + usize::from(request.number >= 5);
        ok(&page_of(&items(77)[gone..], request))
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!(crawl.state, CrawlState::Completed);
    assert_eq!(bench.keys().await.len(), 77, "those that slid past the reader were fetched again");
}

#[tokio::test]
async fn a_total_that_is_wrong_for_good_is_reported_once() {
    for (stated, served, first) in [(29, 27, CrawlState::Incomplete), (25, 27, CrawlState::Completed)] {
        let upstream = Upstream::start(move |request| {
            let mut page = page_of(&items(served), request);
            page["total"] = json!(stated);
            ok(&page)
        })
        .await;
        let (bench, config) = (Bench::new().await, source(upstream.url("/m")));
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.documents_seen), (first, 27));
        assert!(crawl.error.is_some_and(|error| error.contains(&stated.to_string())));
        assert!(crawl.attempts <= 16, "{} requests", crawl.attempts);
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
        assert!(crawl.attempts <= 5, "{} requests", crawl.attempts);
    }
}

#[tokio::test]
async fn a_total_with_an_upper_bound_is_read_past() {
    for bound in [30, 27] {
        let upstream = Upstream::start(move |request| {
            let mut page = page_of(&items(58), request);
            page["total"] = json!(bound);
            ok(&page)
        })
        .await;
        let (bench, crawl) = crawl(&upstream, |_| {}).await;
        assert_eq!((crawl.state, bench.keys().await.len()), (CrawlState::Completed, 58), "{bound}");
        let note = format!("the upstream states a total of {bound}, but serves 58");
        assert_eq!(crawl.error, Some(note));
    }
}

#[tokio::test]
async fn removals_go_on_while_a_list_grows() {
    static REMOVED: AtomicUsize = AtomicUsize::new(0);
    let upstream = Upstream::start(|request| {
        let all = items(95 + request.number / 8);
        ok(&page_of(&all[REMOVED.load(Ordering::Relaxed)..], request))
    })
    .await;
    let (bench, config) = (Bench::new().await, source(upstream.url("/m")));
    bench.crawl(&config).await;
    REMOVED.store(2, Ordering::Relaxed);
    let deleted = [bench.crawl(&config).await, bench.crawl(&config).await].map(|crawl| crawl.deleted);
    assert_eq!(deleted, [0, 2]);
}
