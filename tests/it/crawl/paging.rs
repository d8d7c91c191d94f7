//! Each kind of pagination, with and without faults.

use quarry::config::{ItemsPath, Locator, NextKind, Pagination, SourceConfig};
use quarry::domain::CrawlState;
use serde_json::{Value, json};

use super::scripted::{ReceivedRequest, Reply, Upstream, item, items, ok, page_of, source, with_header};
use super::{Bench, crawl, first_keys};

fn by_page() -> Pagination {
    Pagination::Page { page: "page".into(), limit: "size".into(), size: 10, first: 1 }
}

fn by_cursor() -> Pagination {
    let next = Locator::parse("/next").expect("a locator");
    let (cursor_format, next_is) = ("{}".into(), NextKind::Auto);
    Pagination::Cursor {
        cursor: "after".into(),
        cursor_format,
        limit: "limit".into(),
        size: 10,
        next,
        next_is,
    }
}

/// Follows cursors of an upstream without a total.
fn follow_cursors(config: &mut SourceConfig) {
    config.pagination = by_cursor();
    config.total = None;
}

fn by_link() -> Pagination {
    Pagination::Link { limit: "limit".into(), size: 10 }
}

/// Returns a numbered page of ten items.
fn numbered_page(all: &[Value], request: &ReceivedRequest) -> Vec<Value> {
    let start = (request.number_of("page").unwrap_or(1) - 1) * 10;
    all.iter().skip(start).take(10).cloned().collect()
}

/// Returns the page after the cursor `c{start}`, without a total.
fn cursor_page(all: &[Value], request: &ReceivedRequest) -> Value {
    let start: usize = request.query.get("after").map_or(0, |after| after[1..].parse().expect("a cursor"));
    let end = (start + 10).min(all.len());
    let next = if end < all.len() { json!(format!("c{end}")) } else { json!(null) };
    json!({"items": &all[start..end], "next": next})
}

fn linked_page(all: &[Value], request: &ReceivedRequest) -> Reply {
    let start = request.number_of("from").unwrap_or(0);
    let end = (start + 10).min(all.len());
    let body = json!({"total": all.len(), "items": &all[start..end]}).to_string();
    let next = if end < all.len() { format!("<?from={end}>; rel=\"next\", ") } else { String::new() };
    with_header(200, body, "link", &format!("</m>; title=\"a, b\"; rel=first, {next}</m?x>; rel=\"last\""))
}

#[tokio::test]
async fn offsets_see_every_item() {
    let upstream = Upstream::start(|request| ok(&page_of(&items(35), request))).await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&source(upstream.url("/m?tag=a"))).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!((crawl.documents_seen, crawl.inserted, crawl.expected_total), (35, 35, Some(35)));
    assert_eq!((crawl.pages_fetched, crawl.attempts), (4, 4), "one request per page");
    assert_eq!(bench.keys().await, first_keys(35));
    let skips: Vec<_> = upstream.requests().iter().map(|request| request.query["skip"].clone()).collect();
    assert_eq!(skips, ["0", "10", "20", "30"]);
    assert!(
        upstream
            .requests()
            .iter()
            .all(|request| request.query["tag"] == "a" && request.query["limit"] == "10")
    );
}

#[tokio::test]
async fn offsets_follow_the_page_size_of_the_server() {
    let upstream = Upstream::start(|request| {
        let mut capped = request.clone();
        capped.query.insert("limit".into(), "7".into());
        ok(&page_of(&items(33), &capped))
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!((crawl.state, crawl.pages_fetched), (CrawlState::Completed, 5));
    assert_eq!(bench.keys().await, first_keys(33));
}

#[tokio::test]
async fn without_a_total_an_empty_page_ends_if_it_is_confirmed() {
    let upstream = Upstream::start(|request| {
        // The first response for the third page is wrongly empty.
        let all = if request.number == 2 { Vec::new() } else { items(25) };
        ok(&page_of(&all, request)["items"])
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |config| {
        config.items = ItemsPath::parse("").expect("a pointer");
        config.total = None;
    })
    .await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 25));
    assert_eq!(crawl.expected_total, None);
    assert_eq!(bench.keys().await, first_keys(25));
}

#[tokio::test]
async fn numbered_pages_end_at_the_total_or_at_an_empty_page() {
    let upstream = Upstream::start(|request| {
        let page = numbered_page(&items(28), request);
        ok(&if request.path == "/total" {
            json!({"total": 28, "items": page})
        } else {
            json!({"items": page})
        })
    })
    .await;
    for (path, requests) in [("/total", 3), ("/bare", 5)] {
        let bench = Bench::new().await;
        let mut config = source(upstream.url(path));
        config.pagination = by_page();
        config.total = config.total.filter(|_| path == "/total");
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.attempts), (CrawlState::Completed, requests), "{path}");
        assert_eq!(bench.keys().await, first_keys(28), "{path}");
    }
}

#[tokio::test]
async fn cursors_are_followed_to_the_last() {
    let upstream = Upstream::start(|request| ok(&cursor_page(&items(25), request))).await;
    let (bench, crawl) = crawl(&upstream, follow_cursors).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 25));
    assert_eq!(bench.keys().await, first_keys(25));
}

#[tokio::test]
async fn a_cursor_may_be_the_url_of_the_next_page() {
    let upstream = Upstream::start(|request| {
        let mut page = cursor_page(&items(25), request);
        if let Some(next) = page["next"].as_str() {
            let host = request.headers["host"].to_str().expect("a host");
            page["next"] = json!(format!("http://{host}/m?limit=10&after={next}"));
        }
        ok(&page)
    })
    .await;
    let bench = Bench::new().await;
    let mut config = source(upstream.url("/m"));
    follow_cursors(&mut config);
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
    assert_eq!(bench.keys().await, first_keys(25));
}

#[tokio::test]
async fn link_headers_are_followed_to_the_last() {
    let upstream = Upstream::start(|request| linked_page(&items(25), request)).await;
    let (bench, crawl) = crawl(&upstream, |config| config.pagination = by_link()).await;
    assert_eq!((crawl.state, crawl.attempts), (CrawlState::Completed, 3));
    assert_eq!(bench.keys().await, first_keys(25));
}

#[tokio::test]
async fn a_next_link_to_another_host_is_not_followed() {
    let other = Upstream::start(|request| linked_page(&items(25), request)).await;
    let elsewhere = other.url("/m");
    let upstream = Upstream::start(move |request| {
        let body = page_of(&items(25), request).to_string();
        with_header(200, body, "link", &format!("<{elsewhere}>; rel=next"))
    })
    .await;
    let (_, crawl) = crawl(&upstream, |config| config.pagination = by_link()).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let error = crawl.error.expect("an error");
    assert!(error.contains("the next link leads to another host"), "{error}");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn a_cursor_that_leads_back_ends_the_crawl_incomplete() {
    let upstream = Upstream::start(|request| {
        let mut page = cursor_page(&items(30), request);
        if page["next"].is_null() {
            page["next"] = json!("c10");
        }
        ok(&page)
    })
    .await;
    let (bench, crawl) = crawl(&upstream, follow_cursors).await;
    assert_eq!(crawl.state, CrawlState::Incomplete);
    let error = crawl.error.expect("an error");
    assert!(error.contains("page 2 leads back to a page that was already fetched"), "{error}");
    assert_eq!(bench.keys().await, first_keys(30), "the stored pages stay");
}

#[tokio::test]
async fn an_upstream_that_ignores_paging_is_detected() {
    let upstream = Upstream::start(|_| ok(&json!({"items": items(10)}))).await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!(crawl.state, CrawlState::Incomplete);
    let error = crawl.error.expect("an error");
    assert!(error.contains("the same page again and again"), "{error}");
    assert_eq!(bench.keys().await, first_keys(10));
}

#[tokio::test]
async fn pages_without_end_hit_the_limit() {
    let upstream = Upstream::start(|request| {
        let start = request.number_of("skip").expect("an offset");
        ok(&json!({"items": (start..start + 10).map(item).collect::<Vec<_>>()}))
    })
    .await;
    let (_, crawl) = crawl(&upstream, |config| config.max_pages = 6).await;
    assert_eq!((crawl.state, crawl.pages_fetched), (CrawlState::Failed, 6));
    assert_eq!(crawl.error.as_deref(), Some("a sweep has more than 6 pages (max_pages)"));
}
