//! Bodies with status 200 that look like the end of a list, but are errors, and lists that change while they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use quarry::domain::CrawlState;
use serde_json::{Value, json};

use super::scripted::{Reply, Upstream, items, ok, raw, source_of, source_with, with_header};
use super::{Bench, first_keys};

const BY_PAGE: &str = "pagination = { kind = \"page\", size = 10, limit = \"\" }";

/// An upstream of 47 items, which answers as scripted from its fifth page on while the fault lasts.
async fn failing_late(fault: impl Fn() -> Reply + Send + Sync + 'static) -> (Upstream, Arc<AtomicUsize>) {
    let is_faulty = Arc::new(AtomicUsize::new(0));
    let now = is_faulty.clone();
    let upstream = Upstream::start(move |request| {
        let page = request.number_of("page").unwrap_or(1);
        if page >= 5 && now.load(Ordering::Relaxed) == 1 {
            return fault();
        }
        let page: Vec<Value> = items(47).into_iter().skip((page - 1) * 10).take(10).collect();
        ok(&json!({"items": page, "message": "OK"}))
    })
    .await;
    (upstream, is_faulty)
}

#[tokio::test]
async fn an_error_in_place_of_the_last_page_removes_nothing() {
    for error in [
        json!({"errorMessage": "Task timed out", "items": []}),
        json!({"error_code": 17, "error_msg": "limit reached", "items": []}),
        json!({"code": 429, "message": "Too many requests", "items": []}),
        json!({"status": "503", "items": null}),
        json!({"exception": "java.net.SocketTimeoutException", "items": []}),
        json!({"timed_out": true, "items": []}),
        json!({"meta": {"code": 500}, "items": {}}),
        json!({"message": "Endpoint request timed out", "items": []}),
        json!({"items": [], "message": "OK", "warnings": ["shard 3 failed"]}),
    ] {
        let body = error.clone();
        let (upstream, is_faulty) = failing_late(move || ok(&body)).await;
        let (bench, config) = (Bench::new().await, source_with(upstream.url("/list"), BY_PAGE));
        assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
        is_faulty.store(1, Ordering::Relaxed);
        for _ in 0..3 {
            let crawl = bench.crawl(&config).await;
            assert_eq!((crawl.state, crawl.deleted), (CrawlState::Incomplete, 0), "{error}");
            assert!(crawl.error.is_some_and(|cause| cause.contains("error")), "{error}");
        }
        is_faulty.store(0, Ordering::Relaxed);
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Completed, 0), "{error}");
        assert_eq!(bench.keys().await, first_keys(47), "{error}");
    }
}

#[tokio::test]
async fn members_of_an_empty_page_that_mean_success_are_its_end() {
    for last in [
        json!({"items": [], "message": "OK", "errors": [], "error": null, "error_count": 0}),
        json!({"items": [], "message": "No items", "code": 200, "status": "ok"}),
        json!({"items": {}, "count": 0}),
        json!({"items": "", "code": 0}),
    ] {
        let upstream = Upstream::start(move |request| {
            let start = (request.number_of("page").unwrap_or(1) - 1) * 10;
            let page: Vec<Value> = items(40).into_iter().skip(start).take(10).collect();
            ok(&if page.is_empty() { last.clone() } else { json!({"items": page, "message": "OK"}) })
        })
        .await;
        let (bench, config) = (Bench::new().await, source_with(upstream.url("/list"), BY_PAGE));
        for _ in 0..2 {
            let crawl = bench.crawl(&config).await;
            assert_eq!((crawl.state, crawl.error), (CrawlState::Completed, None));
            assert_eq!(bench.keys().await, first_keys(40));
        }
    }
}

#[tokio::test]
async fn an_empty_body_behind_the_last_page_is_the_end() {
    let (upstream, is_empty) = failing_late(|| raw(200, "")).await;
    let (bench, config) = (Bench::new().await, source_with(upstream.url("/list"), BY_PAGE));
    assert_eq!(bench.crawl(&config).await.documents_seen, 47);
    // The last complete crawl saw items there.
    is_empty.store(1, Ordering::Relaxed);
    for _ in 0..2 {
        assert_eq!(bench.crawl(&config).await.state, CrawlState::Incomplete);
    }
    let bench = Bench::new().await;
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 40));
}

#[tokio::test]
async fn a_stop_value_is_read_from_a_page_without_a_list() {
    let (upstream, has_ended) = failing_late(|| ok(&json!({"message": "No more results"}))).await;
    has_ended.store(1, Ordering::Relaxed);
    let stop = "stop = { when = \"/message\", equals = \"No more results\" }";
    let config = source_with(upstream.url("/list"), &format!("{stop}\n{BY_PAGE}"));
    let crawl = Bench::new().await.crawl(&config).await;
    assert_eq!((crawl.state, crawl.error, crawl.documents_seen), (CrawlState::Completed, None, 40));
}

#[tokio::test]
async fn a_quote_that_is_missing_in_csv_removes_nothing() {
    let is_broken = Arc::new(AtomicUsize::new(0));
    let now = is_broken.clone();
    let upstream = Upstream::start(move |_| {
        let quote = |row: usize| if row == 90 && now.load(Ordering::Relaxed) == 1 { "\"" } else { "" };
        let rows: String = (1..=100).map(|row| format!("{row}, {}5 inch\n", quote(row))).collect();
        with_header(200, format!("sep=,\nid, message\n{rows}"), "content-type", "text/csv")
    })
    .await;
    let config = source_of(&format!(
        "[[sources]]\nname = \"messages\"\nurl = \"{}\"\nformat = \"csv\"\nmax_attempts = 3\ndelay = \"0s\"\n\
         backoff = \"1ms\"\nmax_backoff = \"4ms\"\npagination = {{ kind = \"none\" }}\n\
         fields = {{ key = \"/id\", text = \"/message\" }}",
        upstream.url("/list")
    ));
    let bench = Bench::new().await;
    assert_eq!(bench.crawl(&config).await.documents_seen, 100);
    is_broken.store(1, Ordering::Relaxed);
    for _ in 0..3 {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Failed, 0));
        assert!(crawl.error.is_some_and(|cause| cause.contains("the quote in line 92 is not closed")));
    }
    assert_eq!(bench.keys().await.len(), 100);
}

#[tokio::test]
async fn items_removed_at_the_head_hide_no_others() {
    for removed in [1, 4] {
        let upstream = Upstream::start(move |request| {
            let mut all = items(48);
            if request.number >= 2 {
                all.drain(..removed);
            }
            let start = request.number_of("start").unwrap_or(0);
            ok(&json!({"items": all.into_iter().skip(start).take(10).collect::<Vec<_>>()}))
        })
        .await;
        let by_offset = "pagination = { kind = \"offset\", offset = \"start\", size = 10 }";
        let bench = Bench::new().await;
        let crawl = bench.crawl(&source_with(upstream.url("/list"), by_offset)).await;
        assert_eq!((crawl.state, crawl.error), (CrawlState::Completed, None), "{removed}");
        assert_eq!(bench.keys().await, first_keys(48), "{removed}");
    }
}
