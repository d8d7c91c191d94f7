//! Several requests at one time: the same pages, in the same order.

use std::sync::Arc;

use chrono::Utc;
use quarry::config::SourceConfig;
use quarry::crawl::StepOutcome;
use quarry::domain::CrawlState;
use tokio::sync::Barrier;

use super::scripted::{Reply, Upstream, items, ok, page_of, raw, source, source_with};
use super::{Bench, finish, first_keys};

fn concurrent(upstream: &Upstream) -> SourceConfig {
    SourceConfig { concurrency: 4, ..source(upstream.url("/m")) }
}

#[tokio::test]
async fn pages_are_requested_together_once_the_total_is_known() {
    let together = Arc::new(Barrier::new(4));
    let upstream = Upstream::start(move |request| match request.number {
        0 => ok(&page_of(&items(85), request)),
        // Without four requests at one time, none of them is answered.
        _ => Reply::Together(together.clone(), page_of(&items(85), request)),
    })
    .await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&concurrent(&upstream)).await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.pages_fetched), (CrawlState::Completed, 85, 9));
    assert_eq!(upstream.requests().len(), 9, "none is requested twice, and none behind the end");
    assert_eq!(bench.keys().await, first_keys(85));
    let sizes: Vec<i32> = bench.ledger(&crawl).await.iter().map(|page| page.documents).collect();
    assert_eq!(sizes, [10, 10, 10, 10, 10, 10, 10, 10, 5]);
}

#[tokio::test]
async fn pages_by_number_are_requested_together_by_their_number() {
    let together = Arc::new(Barrier::new(2));
    let upstream = Upstream::start(move |request| {
        let page = request.number_of("page").unwrap_or(1);
        let all = items(50);
        let body = serde_json::json!({"pages": 5, "items": &all[(page - 1) * 10..page * 10]});
        if page == 1 { ok(&body) } else { Reply::Together(together.clone(), body) }
    })
    .await;
    let settings = "pages = \"/pages\"\nconcurrency = 2\npagination = { kind = \"page\", size = 10 }";
    let bench = Bench::new().await;
    // Five steps store four pages; the end is confirmed by a request that is alone.
    let mut crawler = bench.crawler(&source_with(upstream.url("/m"), settings));
    for _ in 0..5 {
        crawler.step(Utc::now()).await.expect("a step");
    }
    assert_eq!(bench.keys().await.len(), 40);
}

#[tokio::test]
async fn a_crawler_that_is_killed_after_every_step_skips_no_page() {
    let upstream = Upstream::start(|request| match request.number % 5 {
        4 => raw(503, ""),
        _ => ok(&page_of(&items(95), request)),
    })
    .await;
    let bench = Bench::new().await;
    let config = concurrent(&upstream);
    let crawl = 'ended: loop {
        let mut crawler = bench.crawler(&config);
        for _ in 0..3 {
            if let StepOutcome::Finished { crawl, .. } = crawler.step(Utc::now()).await.expect("a step") {
                break 'ended crawl;
            }
        }
    };
    assert_eq!((crawl.state, crawl.documents_seen, crawl.pages_fetched), (CrawlState::Completed, 95, 10));
    assert_eq!(bench.keys().await, first_keys(95));
}

#[tokio::test]
async fn a_failure_stops_requests_ahead_until_its_page_is_accepted() {
    let upstream = Upstream::start(|request| match (request.number_of("skip"), request.number) {
        (Some(30), number) if number < 12 => raw(429, ""),
        _ => ok(&page_of(&items(80), request)),
    })
    .await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&concurrent(&upstream)).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 80));
    let skips: Vec<usize> =
        upstream.requests().iter().map(|request| request.number_of("skip").expect("a number")).collect();
    let refused = skips.iter().position(|skip| *skip == 30).expect("requested");
    let retried: Vec<usize> = skips[refused..].iter().copied().filter(|skip| *skip == 30).collect();
    assert!(retried.len() > 3, "{skips:?}");
    let last = skips.iter().rposition(|skip| *skip == 30).expect("requested");
    assert!(skips[last - 2..last].iter().all(|skip| *skip == 30), "the page alone: {skips:?}");
}

#[tokio::test]
async fn a_shrinking_list_is_read_as_with_one_request_at_a_time() {
    let script = |request: &super::scripted::ReceivedRequest| {
        let all = items(60);
        let live = if request.number_of("skip").unwrap_or(0) >= 30 { &all[2..] } else { &all[..] };
        ok(&page_of(live, request))
    };
    let mut results = Vec::new();
    for concurrency in [1, 4] {
        let upstream = Upstream::start(script).await;
        let bench = Bench::new().await;
        let config = SourceConfig { concurrency, ..source(upstream.url("/m")) };
        let (crawl, _) = finish(&mut bench.crawler(&config)).await;
        results.push((crawl.state, crawl.documents_seen, crawl.pages_fetched, crawl.error));
    }
    assert_eq!(results[0], results[1]);
}
