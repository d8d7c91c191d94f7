//! The end of a list, in the ways in which upstreams signal it.

use quarry::config::SourceConfig;
use quarry::domain::CrawlState;
use serde_json::{Value, json};

use super::scripted::{ReceivedRequest, Reply, Upstream, items, ok, raw, source_with, with_header};
use super::{Bench, first_keys};

const BY_PAGE: &str = "pagination = { kind = \"page\", size = 10 }";
const BY_OFFSET: &str = "pagination = { kind = \"offset\", offset = \"start\", size = 10 }";
const BY_CURSOR: &str =
    "pagination = { kind = \"cursor\", cursor = \"mark\", size = 10, next = \"/nextMark\" }";

fn source(upstream: &Upstream, settings: &str) -> SourceConfig {
    source_with(upstream.url("/list"), settings)
}

/// Returns the items of the requested page, by any of the three kinds.
fn page(size: usize, request: &ReceivedRequest) -> Vec<Value> {
    let mark = request.query.get("mark").and_then(|mark| mark.trim_start_matches('m').parse().ok());
    let start = mark
        .or(request.number_of("start"))
        .or(request.number_of("page").map(|page| (page - 1) * 10))
        .unwrap_or(0);
    items(size).into_iter().skip(start).take(10).collect()
}

/// Crawls twice: both crawls see all `size` items, in at most `requests` requests.
async fn ends(size: usize, settings: &str, requests: i64, script: fn(&ReceivedRequest) -> Reply) {
    let upstream = Upstream::start(script).await;
    let (bench, config) = (Bench::new().await, source(&upstream, settings));
    for _ in 0..2 {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
        assert_eq!(bench.keys().await, first_keys(size));
        assert!(crawl.attempts <= requests, "{} requests", crawl.attempts);
    }
}

#[tokio::test]
async fn a_status_behind_the_last_page_is_the_end() {
    for settings in [BY_PAGE, BY_OFFSET] {
        ends(24, settings, 6, |request| match page(24, request) {
            page if page.is_empty() => raw(404, r#"{"detail": "That page contains no results"}"#),
            page => ok(&json!({"items": page})),
        })
        .await;
        ends(30, settings, 7, |request| match page(30, request) {
            page if page.is_empty() => raw(400, r#"{"code": "invalid_page"}"#),
            page => ok(&json!({"items": page})),
        })
        .await;
    }
}

#[tokio::test]
async fn a_total_that_counts_a_page_only_is_not_the_end() {
    for settings in [BY_PAGE, BY_OFFSET] {
        let settings = format!("{settings}\ntotal = \"/total\"");
        let upstream = Upstream::start(|request| {
            let page = page(34, request);
            let last = page.last().and_then(|item| item["extra"].as_i64());
            ok(&json!({"total": page.len(), "has_more": last.is_some_and(|number| number < 33), "items": page}))
        })
        .await;
        let bench = Bench::new().await;
        let crawl = bench.crawl(&source(&upstream, &settings)).await;
        assert_eq!((crawl.state, bench.keys().await), (CrawlState::Completed, first_keys(34)));
    }
}

#[tokio::test]
async fn a_single_page_that_states_others_is_not_the_list() {
    let more = [
        json!({"has_more": true}),
        json!({"total": 10, "has_more": true}),
        json!({"continue": {"apcontinue": "T0010", "continue": "-||"}}),
        json!({"paging": {"next": {"after": "aWQ6MTA"}}}),
        json!({"nextPageToken": "CAoQAA"}),
        json!({"exceededTransferLimit": true}),
        json!({"metadata": {"continue": "eyJ2Ijoi"}}),
        json!({"next_page": {"offset": "eyJ0eXAi"}}),
        json!({"pagination": {"cursor": "YWJjZGVm"}}),
        json!({"meta": {"next_token": "7140dibdnow9c7btw482"}}),
    ];
    for members in more {
        let upstream = Upstream::start(move |_| {
            let mut body = members.clone();
            body["items"] = items(10).into();
            ok(&body)
        })
        .await;
        let bench = Bench::new().await;
        for settings in
            ["pagination = { kind = \"none\" }", "pagination = { kind = \"none\" }\ntotal = \"/total\""]
        {
            let crawl = bench.crawl(&source(&upstream, settings)).await;
            assert_eq!(crawl.state, CrawlState::Incomplete, "{settings}");
            let error = crawl.error.unwrap();
            assert!(error.contains("states that more items follow") || error.contains("`total`"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_configured_status_is_the_end_at_once() {
    let settings = "pagination = { kind = \"page\", size = 10 }\nstop = { status = [418, 500] }";
    ends(20, settings, 3, |request| match page(20, request) {
        page if page.is_empty() => raw(500, "out of range"),
        page => ok(&json!({"items": page})),
    })
    .await;
}

#[tokio::test]
async fn a_status_below_the_total_is_a_failure() {
    let upstream = Upstream::start(|request| match request.number_of("page") {
        Some(1) => ok(&json!({"items": page(30, request), "total": 30})),
        _ => raw(404, "{}"),
    })
    .await;
    let config = source(&upstream, &format!("total = \"/total\"\nmax_refusals = 5\n{BY_PAGE}"));
    let crawl = Bench::new().await.crawl(&config).await;
    assert_eq!((crawl.state, crawl.attempts), (CrawlState::Failed, 7));
}

#[tokio::test]
async fn the_last_page_again_is_the_end() {
    ends(24, BY_PAGE, 7, |request| {
        let number = request.number_of("page").expect("a page").min(3);
        ok(&json!({"items": items(24)[(number - 1) * 10..].iter().take(10).collect::<Vec<_>>()}))
    })
    .await;
}

#[tokio::test]
async fn the_cursor_that_was_sent_is_the_end() {
    for total in [json!(null), json!(24)] {
        let upstream = Upstream::start(move |request| {
            let sent = request.query.get("mark").map_or("m0", String::as_str);
            let start: usize = sent[1..].parse().expect("a mark");
            let next = if start >= 20 { "m20".to_owned() } else { format!("m{}", start + 10) };
            ok(&json!({"items": page(24, request), "nextMark": next, "found": total}))
        })
        .await;
        let config = source(&upstream, &format!("total = \"/found\"\n{BY_CURSOR}"));
        let bench = Bench::new().await;
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
        assert_eq!(bench.keys().await, first_keys(24));
    }
}

#[tokio::test]
async fn an_empty_page_with_its_own_cursor_is_the_end() {
    ends(20, BY_CURSOR, 6, |request| {
        let sent = request.query.get("mark").map_or("m0", String::as_str);
        let start: usize = sent[1..].parse().expect("a mark");
        let next = if start >= 20 { sent.to_owned() } else { format!("m{}", start + 10) };
        ok(&json!({"items": page(20, request), "nextMark": next}))
    })
    .await;
}

#[tokio::test]
async fn empty_pages_end_a_list_whose_cursors_never_do() {
    for total in [json!(null), json!(47)] {
        let upstream = Upstream::start(move |request| {
            let sent = request.query.get("mark").map_or("m0", String::as_str);
            let start: usize = sent[1..].parse().expect("a mark");
            let next = format!("m{}", start + 10);
            ok(&json!({"items": page(47, request), "nextMark": next, "found": total, "has_more": true}))
        })
        .await;
        let config = source(&upstream, &format!("total = \"/found\"\n{BY_CURSOR}"));
        let bench = Bench::new().await;
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
        assert_eq!(bench.keys().await, first_keys(47));
        assert!(crawl.attempts <= 16, "{} requests", crawl.attempts);
    }
}

#[tokio::test]
async fn empty_pages_end_a_list_whose_links_never_do() {
    ends(47, "pagination = { kind = \"link\" }", 9, |request| {
        let (page, next) = (page(47, request), request.number_of("page").unwrap_or(1) + 1);
        let link = format!("</list?page={next}>; rel=\"next\"");
        with_header(200, json!({"items": page}).to_string(), "link", &link)
    })
    .await;
}

#[tokio::test]
async fn the_first_page_again_is_the_end() {
    // For each position behind the end, and as a circle.
    ends(24, BY_PAGE, 12, |request| {
        let number = request.number_of("page").expect("a page");
        let number = if number > 3 { 1 } else { number };
        ok(&json!({"items": items(24)[(number - 1) * 10..].iter().take(10).collect::<Vec<_>>()}))
    })
    .await;
    ends(24, BY_PAGE, 12, |request| {
        let number = (request.number_of("page").expect("a page") - 1) % 3;
        ok(&json!({"items": items(24)[number * 10..].iter().take(10).collect::<Vec<_>>()}))
    })
    .await;
}

#[tokio::test]
async fn offsets_may_begin_at_one() {
    let settings = "total = \"/found\"\n\
                    pagination = { kind = \"offset\", offset = \"start\", size = 10, first = 1 }";
    ends(24, settings, 4, |request| {
        match request.number_of("start").and_then(|start| start.checked_sub(1)) {
            Some(start) => {
                let page: Vec<Value> = items(24).into_iter().skip(start).take(10).collect();
                ok(&json!({"items": page, "found": 24}))
            }
            None => raw(400, r#"{"detail": "start begins at 1"}"#),
        }
    })
    .await;
}
