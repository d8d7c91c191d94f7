//! Redirects: with the query, to permitted hosts only, never with secrets.

use std::collections::HashMap;

use quarry::config::{ItemsPath, Pagination, Secret, SourceConfig};
use quarry::crawl::{FetchError, HttpUpstream, HttpUpstreamError, Upstream as _, UpstreamRequest};
use quarry::domain::CrawlState;
use serde_json::json;

use super::scripted::{
    ReceivedRequest, Reply, Upstream, item, items, ok, page_of, raw, source, source_with, with_header,
};
use super::{Bench, crawl, first_keys};

fn redirect(status: u16, to: &str) -> Reply {
    with_header(status, "", "location", to)
}

/// Starts an upstream that redirects `/messages`, and serves 25 items elsewhere.
async fn redirecting(status: u16, to: &'static str) -> Upstream {
    Upstream::start(move |request| match request.path.as_str() {
        "/messages" => redirect(status, to),
        _ => ok(&page_of(&items(25), request)),
    })
    .await
}

fn with_secret(mut config: SourceConfig) -> SourceConfig {
    config.headers = vec![("authorization".to_owned(), Secret::new("Bearer hunter2"))];
    config.max_refusals = 0;
    config
}

fn parameters(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn has_secret(request: &ReceivedRequest) -> bool {
    request.headers.get("authorization").is_some_and(|value| value == "Bearer hunter2")
}

#[tokio::test]
async fn a_redirect_keeps_the_query_that_it_leaves_out() {
    for status in [301, 302, 303, 307, 308] {
        let upstream = redirecting(status, "/messages/").await;
        let bench = Bench::new().await;
        let crawl = bench.crawl(&with_secret(source(upstream.url("/messages")))).await;
        assert_eq!((crawl.state, crawl.attempts), (CrawlState::Completed, 3), "{status}");
        assert_eq!(bench.keys().await, first_keys(25));
        let requests = upstream.requests();
        assert_eq!(requests.len(), 6);
        assert!(requests.iter().all(has_secret));
        assert!(requests.iter().all(|request| request.headers["user-agent"] == "quarry/0.1.0"));
    }
}

#[tokio::test]
async fn a_redirect_with_a_query_of_its_own_is_followed_unchanged() {
    let upstream = redirecting(302, "/other?skip=0&limit=1000").await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&source(upstream.url("/messages"))).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 25));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_refused() {
    let other = Upstream::start(|request| ok(&page_of(&items(25), request))).await;
    let target = other.url("/m").to_string();
    let upstream = Upstream::start(move |_| redirect(302, &target)).await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&with_secret(source(upstream.url("/messages")))).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let error = crawl.error.expect("an error");
    let expected = format!(
        "a redirect leads to another host: {} is not in redirect_hosts; add it if it may be trusted",
        other.address
    );
    assert!(error.contains(&expected), "{error}");
    assert_eq!(other.requests().len(), 0, "no request reaches it");
}

#[tokio::test]
async fn a_listed_host_receives_requests_without_secrets() {
    let other = Upstream::start(|request| ok(&page_of(&items(25), request))).await;
    let target = other.url("/m").to_string();
    let upstream = Upstream::start(move |_| redirect(302, &target)).await;
    let bench = Bench::new().await;
    let mut config = with_secret(source(upstream.url("/messages")));
    config.redirect_hosts = vec![other.address.to_string()];
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 25));
    assert_eq!(other.requests().len(), 3);
    assert!(!other.requests().iter().any(has_secret));
    assert!(upstream.requests().iter().all(has_secret));
}

#[tokio::test]
async fn a_listed_host_is_not_permitted_on_every_port() {
    let other = Upstream::start(|request| ok(&page_of(&items(25), request))).await;
    let target = other.url("/m").to_string();
    let upstream = Upstream::start(move |_| redirect(302, &target)).await;
    let bench = Bench::new().await;
    let mut config = with_secret(source(upstream.url("/messages")));
    config.redirect_hosts = vec!["127.0.0.1".to_owned()];
    let crawl = bench.crawl(&config).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    assert_eq!(other.requests().len(), 0, "no request reaches it");
}

#[tokio::test]
async fn another_host_receives_only_the_paging_parameters() {
    let offset = Pagination::Offset { offset: "skip".into(), limit: "limit".into(), size: 10, first: 0 };
    let page = Pagination::Page { page: "p".into(), limit: "n".into(), size: 10, first: 1 };
    for (pagination, expected) in
        [(offset, [("skip", "0"), ("limit", "10")]), (page, [("p", "1"), ("n", "10")])]
    {
        let other = Upstream::start(|_| ok(&json!({"items": []}))).await;
        let target = other.url("/stolen").to_string();
        let upstream = Upstream::start(move |_| redirect(302, &target)).await;
        let mut config = source(upstream.url("/messages?api_key=hunter2&tag=a%20b"));
        config.redirect_hosts = vec![other.address.to_string()];
        config.pagination = pagination;
        let bench = Bench::new().await;
        bench.crawl(&config).await;
        assert!(!other.requests().is_empty());
        for request in other.requests() {
            assert_eq!(request.query, parameters(&expected));
        }
        // The source's own host received all of them before.
        assert!(upstream.requests().iter().all(|request| request.query["api_key"] == "hunter2"));
    }
}

#[tokio::test]
async fn another_host_receives_no_secret_that_a_redirect_or_a_link_repeats() {
    for is_link in [false, true] {
        let other = Upstream::start(|request| ok(&page_of(&items(25), request))).await;
        let authority = other.address;
        // As load balancers redirect: to the same address on another host.
        let upstream = Upstream::start(move |request| {
            let query: Vec<String> =
                request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let target =
                format!("http://ann:pa55word@{authority}/m?{}&sig=abc&t=hunter2-token", query.join("&"));
            if is_link { ok(&json!({"items": items(10), "next": target})) } else { redirect(302, &target) }
        })
        .await;
        let mut url = upstream.url("/messages?api_key=hunter2&lang=en");
        url.set_username("ann").expect("a user");
        url.set_password(Some("pa55word")).expect("a password");
        let pagination = "pagination = { kind = \"cursor\", limit = \"\", size = 10, next = \"/next\" }";
        let mut config = if is_link { source_with(url, pagination) } else { source(url) };
        config.params = vec![("pin".to_owned(), Secret::new("1234")), ("v".to_owned(), Secret::new("7"))];
        config.headers = vec![("authorization".to_owned(), Secret::new("Bearer hunter2-token"))];
        config.redirect_hosts = vec![other.address.to_string()];
        Bench::new().await.crawl(&config).await;
        assert!(!other.requests().is_empty());
        for request in other.requests() {
            assert_eq!(request.header("authorization"), "");
            assert_eq!(request.query.get("sig").map(String::as_str), Some("abc"));
            assert_eq!(request.query.get("lang").map(String::as_str), Some("en"));
            for name in ["api_key", "pin", "v", "t"] {
                assert!(!request.query.contains_key(name), "{name}: {:?}", request.query);
            }
        }
    }
}

#[tokio::test]
async fn another_host_receives_only_the_unconfigured_parameters_of_a_link() {
    let other = Upstream::start(|_| ok(&json!([]))).await;
    let target = other.url("/next").to_string();
    let upstream = Upstream::start(move |request| match request.path.as_str() {
        "/messages" => {
            let body = json!([item(0)]).to_string();
            with_header(200, body, "link", "</l?api_key=hunter2&page=2>; rel=\"next\"")
        }
        _ => redirect(302, &target),
    })
    .await;
    let mut config = source(upstream.url("/messages?api_key=hunter2"));
    config.redirect_hosts = vec![other.address.to_string()];
    config.pagination = Pagination::Link { limit: "per_page".into(), size: 10 };
    config.items = ItemsPath::parse("").unwrap();
    config.total = None;
    Bench::new().await.crawl(&config).await;
    assert!(!other.requests().is_empty());
    for request in other.requests() {
        assert_eq!(request.query, parameters(&[("page", "2")]));
    }
}

#[tokio::test]
async fn a_loop_of_redirects_ends() {
    let upstream = redirecting(302, "/messages").await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&with_secret(source(upstream.url("/messages")))).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let error = crawl.error.expect("an error");
    assert!(error.ends_with("more than 5 redirects"), "{error}");
    assert_eq!(upstream.requests().len(), 6);
}

#[tokio::test]
async fn a_refused_redirect_may_be_transient() {
    let upstream = Upstream::start(|request| match request.number {
        0 => redirect(302, "http://maintenance.invalid/"),
        1 => redirect(302, "ftp://127.0.0.1/"),
        2 => raw(302, ""),
        _ => ok(&page_of(&items(15), request)),
    })
    .await;
    let (bench, crawl) = crawl(&upstream, |_| {}).await;
    assert_eq!(crawl.state, CrawlState::Completed);
    let causes = [
        "a redirect leads to another host: maintenance.invalid is not in redirect_hosts; add it if it may be trusted",
        "a redirect leads to a URL that is not HTTP",
        "302 Found without a usable Location",
    ];
    assert_eq!(bench.failures(&crawl).await, causes);
}

#[tokio::test]
async fn a_retry_after_reaches_the_crawler() {
    let upstream = Upstream::start(|request| match request.number {
        0 => with_header(429, "", "retry-after", "7"),
        1 => with_header(503, "", "retry-after", "0"),
        2 => with_header(403, "", "retry-after", "9"),
        _ => raw(429, ""),
    })
    .await;
    let client = HttpUpstream::new(&source(upstream.url("/m"))).expect("an upstream");
    let request = UpstreamRequest::from(upstream.url("/m"));
    let mut waits = Vec::new();
    for _ in 0..4 {
        let error: FetchError = client.fetch_page(&request).await.expect_err("a failure");
        waits.push((error.status, error.retry_after.map(|wait| wait.as_secs())));
    }
    assert_eq!(waits, [(Some(429), Some(7)), (Some(503), Some(0)), (Some(403), Some(9)), (Some(429), None)]);
}

#[tokio::test]
async fn an_invalid_header_is_named() {
    let mut config = source("http://127.0.0.1:1/".parse().expect("a URL"));
    config.headers = vec![("x-token".to_owned(), Secret::new("line\nbreak"))];
    let error = HttpUpstream::new(&config).err().expect("an error");
    assert!(matches!(&error, HttpUpstreamError::Header(name) if name == "x-token"));
    assert!(!error.to_string().contains("break"), "the value is not shown");
}
