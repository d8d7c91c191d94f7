//! Faulty responses: each is retried, recorded in the ledger, and loses no document.

use std::time::Duration;

use quarry::config::SourceConfig;
use quarry::domain::{Crawl, CrawlState};
use serde_json::json;

use super::scripted::{ReceivedRequest, Reply, Upstream, item, items, ok, page_of, raw, source, with_header};
use super::{Bench, crawl, first_keys};

/// Starts an upstream of 28 items with `times` faults on its second page.
async fn failing(
    times: usize,
    fault: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static,
) -> Upstream {
    Upstream::start(move |request| {
        if request.number >= 1 && request.number < 1 + times {
            fault(request)
        } else {
            ok(&page_of(&items(28), request))
        }
    })
    .await
}

/// Asserts a complete crawl whose ledger has these failures on the second page.
async fn survives(config: &SourceConfig, causes: &[&str]) -> Crawl {
    let bench = Bench::new().await;
    let crawl = bench.crawl(config).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!(bench.keys().await, first_keys(28));
    let ledger = bench.ledger(&crawl).await;
    assert_eq!(ledger.len(), 3);
    assert_eq!(ledger[1].failures, causes);
    assert_eq!(ledger[1].attempts as usize, causes.len() + 1, "each attempt is counted");
    assert_eq!((ledger[1].status, ledger[1].documents), (Some(200), 10), "the ledger has the last attempt");
    assert_eq!(crawl.attempts as usize, 3 + causes.len());
    crawl
}

#[tokio::test]
async fn every_failed_status_may_be_transient() {
    let statuses = [400, 401, 402, 403, 404, 405, 408, 425, 429, 500, 502, 503, 504, 204, 304];
    let upstream = failing(statuses.len(), move |request| raw(statuses[request.number - 1], "")).await;
    let causes = [
        "400 Bad Request",
        "401 Unauthorized",
        "402 Payment Required",
        "403 Forbidden",
        "404 Not Found",
        "405 Method Not Allowed",
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
        "ends after 10 items of 28 stated",
        "304 Not Modified",
    ];
    survives(&source(upstream.url("/m")), &causes).await;
}

#[tokio::test]
async fn every_broken_body_may_be_transient() {
    let upstream = failing(6, |request| match request.number {
        1 => raw(200, ""),
        2 => raw(200, r#"{"total":28,"items":[{"id":"#),
        3 => raw(200, "<html>busy</html>"),
        4 => ok(&json!({"error": "busy"})),
        5 => ok(&json!({"total": 28, "items": {}})),
        _ => Reply::CutOff(r#"{"total":28,"items":["#.to_owned()),
    })
    .await;
    let causes = [
        "empty body",
        "truncated JSON",
        "invalid JSON at byte 0: the body is an HTML page, perhaps a login or maintenance page, near \
         `<html>busy</html>`",
        "not the expected shape: no array at /items; the body states an error at /error: busy",
        "ends after 10 items of 28 stated",
        "body cut off",
    ];
    survives(&source(upstream.url("/m")), &causes).await;
}

#[tokio::test]
async fn a_stall_ends_with_the_timeout() {
    let upstream = failing(1, |_| Reply::Stall).await;
    let mut config = source(upstream.url("/m"));
    // Long enough for all other responses on a busy machine.
    config.timeout = Duration::from_secs(2);
    survives(&config, &["timed out"]).await;
}

#[tokio::test]
async fn a_page_that_repeats_another_is_retried() {
    let upstream = failing(2, |_| ok(&json!({"total": 28, "items": &items(28)[..10]}))).await;
    let cause = "repeated page: the same items as page 0";
    survives(&source(upstream.url("/m")), &[cause, cause]).await;
}

#[tokio::test]
async fn an_empty_page_below_the_total_is_retried() {
    let upstream = failing(2, |_| ok(&json!({"total": 28, "items": []}))).await;
    let cause = "ends after 10 items of 28 stated";
    survives(&source(upstream.url("/m")), &[cause, cause]).await;
}

#[tokio::test]
async fn invalid_items_are_retried() {
    let upstream = failing(1, |request| {
        let mut page = page_of(&items(28), request);
        page["items"][4] = json!({"message": "no key"});
        ok(&page)
    })
    .await;
    let cause = r#"1 of 10 items are invalid: no key at "/id" (the item has the fields message)"#;
    survives(&source(upstream.url("/m")), &[cause]).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_even_if_it_is_small_on_the_wire() {
    // 64 KiB of blanks, gzipped to a few bytes.
    let upstream = Upstream::start(|_| {
        let body = include_bytes!("blanks.json.gz").to_vec();
        with_header(200, body, "content-encoding", "gzip")
    })
    .await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 1), "within the limit");
    config.max_body_bytes = 10_000;
    config.max_refusals = 2;
    let crawl = bench.crawl(&config).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    assert_eq!(bench.failures(&crawl).await, ["body larger than 10000 bytes"; 3]);
}

#[tokio::test]
async fn a_permanent_refusal_fails_the_crawl() {
    let upstream = failing(1_000, |_| raw(404, "")).await;
    let (bench, crawl) = crawl(&upstream, |config| config.max_refusals = 3).await;
    assert_eq!((crawl.state, crawl.attempts), (CrawlState::Failed, 1 + 4));
    let error = "page 1 (skip=10) was refused 4 times; the last cause: 404 Not Found";
    assert_eq!(crawl.error.as_deref(), Some(error));
    assert_eq!(bench.keys().await, first_keys(10), "the stored pages stay");
}

#[tokio::test]
async fn a_permanent_outage_fails_the_crawl() {
    let upstream = failing(1_000, |_| raw(503, "")).await;
    let (_, crawl) = crawl(&upstream, |config| config.max_attempts = 5).await;
    assert_eq!((crawl.state, crawl.attempts), (CrawlState::Failed, 1 + 5));
    let error =
        "page 1 (skip=10) could not be fetched in 5 attempts; the last cause: 503 Service Unavailable";
    assert_eq!(crawl.error.as_deref(), Some(error));
}

#[tokio::test]
async fn an_unreachable_upstream_fails_the_crawl() {
    let upstream = Upstream::start(|_| raw(200, "")).await;
    let mut config = source(upstream.url("/m"));
    drop(upstream);
    config.max_attempts = 2;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&config).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let error = crawl.error.expect("an error");
    assert!(error.contains("could not connect") || error.contains("connection broke off"), "{error}");
}

#[tokio::test]
async fn a_mapping_without_keys_fails_at_once_with_a_reason() {
    let upstream = Upstream::start(|request| {
        let uuids: Vec<_> = (0..30).map(|n| json!({"uuid": n, "text": "x"})).collect();
        ok(&page_of(&uuids, request))
    })
    .await;
    let (_, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.attempts), (CrawlState::Failed, 3));
    let error = crawl.error.expect("an error");
    assert!(error.contains(r#""/id""#) && error.contains("text, uuid"), "{error}");
}

#[tokio::test]
async fn permanently_invalid_items_are_rejected_and_reported() {
    let upstream = Upstream::start(|request| {
        let mut all = items(30);
        all[14] = json!({"message": "no key"});
        ok(&page_of(&all, request))
    })
    .await;
    let (_, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.rejected), (CrawlState::Completed, 29, 1));
    let error = crawl.error.expect("an error");
    assert!(error.starts_with("1 item was rejected, the first because of: "), "{error}");
    assert!(error.contains(r#"no key at "/id""#), "{error}");
}

#[tokio::test]
async fn of_two_items_with_one_key_on_a_page_one_is_stored() {
    let upstream = Upstream::start(|_| ok(&json!({"items": [item(1), item(2), item(1)]}))).await;
    let (_, crawl) = crawl(&upstream, |config| {
        config.total = None;
        config.pagination = quarry::config::Pagination::Link { limit: String::new(), size: 10 }
    })
    .await;
    assert_eq!((crawl.state, crawl.documents_seen, crawl.inserted), (CrawlState::Completed, 2, 2));
}

#[tokio::test]
async fn a_crawl_that_takes_too_long_fails() {
    let upstream = failing(1_000, |_| raw(503, "")).await;
    let (_, crawl) = crawl(&upstream, |config| config.max_duration = Duration::ZERO).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    assert_eq!(crawl.error.as_deref(), Some("the crawl took longer than 0 s (max_duration)"));
}
