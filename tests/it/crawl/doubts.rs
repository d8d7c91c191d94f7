//! Misleading responses with status 200: no document is lost by the word of one pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarry::config::SourceConfig;
use quarry::crawl::CrawlOptions;
use quarry::domain::{Crawl, CrawlState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::scripted::{ReceivedRequest, Reply, Upstream, item, items, ok, source, source_with, with_header};
use super::{Bench, finish, first_keys};

/// An upstream of numbered pages without a total, whose list and faults a test changes.
struct ChangingUpstream {
    upstream: Upstream,
    size: Arc<AtomicUsize>,
    faults: Arc<AtomicUsize>,
}

impl ChangingUpstream {
    /// Starts it with 60 items; `fault` answers as many requests for the fourth page as a test sets.
    async fn start(fault: impl Fn(&[Value]) -> Reply + Send + Sync + 'static) -> Self {
        let (size, faults) = (Arc::new(AtomicUsize::new(60)), Arc::new(AtomicUsize::new(0)));
        let (now, left) = (size.clone(), faults.clone());
        let upstream = Upstream::start(move |request| {
            let page = numbered_page(&items(now.load(Ordering::Relaxed)), request);
            let take = |left: usize| left.checked_sub(1);
            let is_fourth = request.number_of("page") == Some(4);
            if is_fourth && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                return fault(&page);
            }
            ok(&json!({"items": page}))
        })
        .await;
        Self { upstream, size, faults }
    }

    fn source(&self) -> SourceConfig {
        without_total(&self.upstream, "pagination = { kind = \"page\", limit = \"per\", size = 10 }")
    }
}

fn numbered_page(all: &[Value], request: &ReceivedRequest) -> Vec<Value> {
    let page = request.number_of("page").unwrap_or(1).max(1);
    all.iter().skip((page - 1) * 10).take(10).cloned().collect()
}

fn without_total(upstream: &Upstream, settings: &str) -> SourceConfig {
    source_with(upstream.url("/list"), settings)
}

fn state(crawl: &Crawl) -> (CrawlState, i64, i64) {
    (crawl.state, crawl.documents_seen, crawl.deleted)
}

#[tokio::test]
async fn a_list_that_ends_early_for_a_while_loses_nothing() {
    let changing = ChangingUpstream::start(|_| ok(&json!({"items": []}))).await;
    let (bench, config) = (Bench::new().await, changing.source());
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 60, 0));
    // A short fault is seen through.
    changing.faults.store(4, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 60, 0));
    // A long one leaves the crawl incomplete.
    changing.faults.store(1_000, Ordering::Relaxed);
    let crawl = bench.crawl(&config).await;
    assert_eq!(state(&crawl), (CrawlState::Incomplete, 30, 0));
    let error = crawl.error.expect("an error");
    assert!(error.contains("the list ended after 30 items, but the last complete crawl saw 60"), "{error}");
    changing.faults.store(0, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 60, 0));
    assert_eq!(bench.keys().await, first_keys(60));
}

#[tokio::test]
async fn a_list_that_became_shorter_loses_what_two_complete_crawls_missed() {
    let changing = ChangingUpstream::start(|_| ok(&json!({"items": []}))).await;
    let bench = Bench::new().await;
    let config = SourceConfig { max_shrink: 1.0, ..changing.source() };
    bench.crawl(&config).await;
    changing.size.store(31, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Incomplete, 31, 0));
    assert_eq!(bench.keys().await, first_keys(60));
    // The second look believes the end, but an outage may last as long: only one complete crawl missed the others.
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 31, 0));
    assert_eq!(bench.keys().await, first_keys(60));
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 31, 29));
    assert_eq!(bench.keys().await, first_keys(31));
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 31, 0));
}

#[tokio::test]
async fn an_outage_over_two_crawls_removes_nothing() {
    let changing = ChangingUpstream::start(|_| ok(&json!({"items": []}))).await;
    let (bench, config) = (Bench::new().await, changing.source());
    bench.crawl(&config).await;
    // 10 of 60 documents are fewer than `max_shrink`.
    changing.size.store(50, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Incomplete, 50, 0));
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 50, 0));
    changing.size.store(60, Ordering::Relaxed);
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.inserted, state(&crawl)), (0, (CrawlState::Completed, 60, 0)));
    assert_eq!(bench.keys().await, first_keys(60));
}

#[tokio::test]
async fn one_vanished_document_is_missed_twice_before_it_goes() {
    let changing = ChangingUpstream::start(|_| ok(&json!({"items": []}))).await;
    let (bench, config) = (Bench::new().await, changing.source());
    bench.crawl(&config).await;
    changing.size.store(58, Ordering::Relaxed);
    let (crawl, vanished) = finish(&mut bench.crawler(&config)).await;
    assert_eq!(state(&crawl), (CrawlState::Completed, 58, 0));
    assert_eq!((vanished.vanished, vanished.removed), (2, 0));
    // One of them returns: only the other one is gone.
    changing.size.store(59, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 59, 1));
    assert_eq!(bench.keys().await, first_keys(59));
}

#[tokio::test]
async fn a_full_page_that_loses_its_link_removes_nothing() {
    let lossy = Arc::new(AtomicUsize::new(0));
    let left = lossy.clone();
    let upstream = Upstream::start(move |request| {
        let start = request.number_of("from").unwrap_or(0);
        let body = json!({"items": &items(47)[start..(start + 10).min(47)]}).to_string();
        let is_lost = start == 20 && left.load(Ordering::Relaxed) > 0;
        if start + 10 >= 47 || is_lost {
            return with_header(200, body, "content-type", "application/json");
        }
        with_header(200, body, "link", &format!("</list?from={}>; rel=\"next\"", start + 10))
    })
    .await;
    let bench = Bench::new().await;
    let config = without_total(&upstream, "pagination = { kind = \"link\", limit = \"per\", size = 10 }");
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 47, 0));
    lossy.store(1, Ordering::Relaxed);
    let crawl = bench.crawl(&config).await;
    assert_eq!(state(&crawl), (CrawlState::Incomplete, 30, 0));
    lossy.store(0, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 47, 0));
    assert_eq!(bench.keys().await, first_keys(47));
}

#[tokio::test]
async fn an_upstream_without_any_item_is_incomplete_and_keeps_all() {
    let upstream = Upstream::start(|request| {
        let all = if request.path == "/empty" { Vec::new() } else { items(4) };
        ok(&json!({"items": numbered_page(&all, request), "total": all.len()}))
    })
    .await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/full"));
    config.pagination = without_total(&upstream, "pagination = { kind = \"page\", size = 10 }").pagination;
    bench.crawl(&config).await;
    config.url = upstream.url("/empty").into();
    for _ in 0..2 {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Incomplete, 0));
        assert!(crawl.error.is_some_and(|error| error.contains("4 of 4 documents")));
    }
    let options = CrawlOptions { allow_shrink: true, ..CrawlOptions::new(Uuid::from_u128(1)) };
    let (crawl, _) = finish(&mut bench.crawler_of(&config, options)).await;
    assert_eq!((crawl.state, crawl.deleted), (CrawlState::Completed, 4));
}

#[tokio::test]
async fn a_small_source_may_lose_a_few() {
    let changing = ChangingUpstream::start(|_| ok(&json!({"items": []}))).await;
    changing.size.store(6, Ordering::Relaxed);
    let (bench, config) = (Bench::new().await, changing.source());
    bench.crawl(&config).await;
    changing.size.store(3, Ordering::Relaxed);
    assert_eq!(state(&bench.crawl(&config).await), (CrawlState::Completed, 3, 0));
    let crawl = bench.crawl(&config).await;
    assert_eq!((state(&crawl), crawl.error), ((CrawlState::Completed, 3, 3), None));
}

#[tokio::test]
async fn an_order_that_changes_with_each_request_is_reported() {
    let upstream = Upstream::start(|request| {
        let mut all = items(50);
        // A different order in each response, by a step that is prime to the size.
        let step = [1, 3, 7, 9, 11, 13, 17, 19, 21, 23][request.number % 10];
        all = (0..50).map(|n| all[(n * step + request.number) % 50].clone()).collect();
        ok(&json!({"items": numbered_page(&all, request)}))
    })
    .await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&without_total(&upstream, "pagination = { kind = \"page\", size = 10 }")).await;
    assert_eq!(crawl.state, CrawlState::Incomplete);
    let error = crawl.error.expect("an error");
    assert!(error.contains("its order is not stable"), "{error}");
    assert!(bench.keys().await.len() > 45, "several sweeps find almost all");
}

#[tokio::test]
async fn a_next_page_that_is_never_found_is_reported() {
    let upstream = Upstream::start(|request| {
        let start = request.number_of("after").unwrap_or(0);
        ok(&json!({"items": &items(25)[start..start + 10], "paging": {"following": start + 10}}))
    })
    .await;
    let bench = Bench::new().await;
    let pagination =
        "pagination = { kind = \"cursor\", cursor = \"after\", size = 10, next = \"/paging/next\" }";
    let crawl = bench.crawl(&without_total(&upstream, pagination)).await;
    assert_eq!(state(&crawl), (CrawlState::Incomplete, 10, 0));
    let error = crawl.error.expect("an error");
    assert!(error.contains("no page states the next one") && error.contains("check `pagination`"), "{error}");
}

#[tokio::test]
async fn an_item_that_slides_past_the_reader_stays() {
    // Between two pages, one item leaves at the head and another joins at the end: item 10 slides onto a page
    // that was already fetched, while the total stays.
    let crawls = Arc::new(AtomicUsize::new(0));
    let number = crawls.clone();
    let upstream = Upstream::start(move |request| {
        let page = request.number_of("page").expect("a page");
        let mut all = items(40);
        let is_moving = number.load(Ordering::Relaxed) == 1 && page >= 2;
        if is_moving || number.load(Ordering::Relaxed) > 1 {
            all.remove(0);
            all.push(item(900));
        }
        ok(&json!({"items": numbered_page(&all, request), "total": 40}))
    })
    .await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/list"));
    config.pagination = without_total(&upstream, "pagination = { kind = \"page\", size = 10 }").pagination;
    for deleted in [0, 0, 0, 1] {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Completed, deleted));
        crawls.fetch_add(1, Ordering::Relaxed);
        assert!(bench.keys().await.contains("k10"), "it is still upstream");
    }
    assert!(!bench.keys().await.contains("k0"));
}
