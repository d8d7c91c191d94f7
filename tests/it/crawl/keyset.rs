//! Lists that continue behind the last item of a page, as those of Stripe, Discord and Firebase.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use quarry::config::SourceConfig;
use quarry::domain::CrawlState;
use serde_json::{Value, json};

use super::scripted::{ReceivedRequest, Reply, Upstream, item, ok, raw, source_of};
use super::{Bench, first_keys};

fn source(upstream: &Upstream, settings: &str) -> SourceConfig {
    let url = upstream.url("/m");
    source_of(&format!(
        "[[sources]]\nname = \"messages\"\nurl = \"{url}\"\ndelay = \"0s\"\nbackoff = \"1ms\"\n\
         max_backoff = \"4ms\"\nmax_refusals = 1\n{settings}"
    ))
}

/// The settings of a list with ascending ids.
fn ascending(upstream: &Upstream) -> SourceConfig {
    let settings = r#"
        items = "/data"
        pagination = { kind = "cursor", cursor = "starting_after", size = 10, next = "last:/id" }
        fields = { key = "/id", text = "/message" }
    "#;
    source(upstream, settings)
}

/// The keys with as many digits as needed to sort them.
fn keys(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("k{number:03}")).collect()
}

/// Returns up to `size` items behind a key, in ascending order.
fn behind(all: &[String], key: Option<&String>, size: usize) -> (Vec<Value>, bool) {
    let mut rest = all.iter().filter(|own| key.is_none_or(|key| *own > key));
    let items: Vec<Value> = rest.by_ref().take(size).map(|id| json!({"id": id, "message": "x"})).collect();
    (items, rest.next().is_some())
}

#[tokio::test]
async fn a_removed_last_item_and_a_short_page_skip_no_item() {
    let all = Arc::new(Mutex::new(keys(0..35)));
    let list = all.clone();
    let upstream = Upstream::start(move |request| {
        let mut all = list.lock().expect("not poisoned");
        let after = request.query.get("starting_after");
        // Each item that a page ended with is removed before the next request, in the first crawl.
        all.retain(|id| request.number > 4 || Some(id) != after);
        // The second page is short.
        let size = if request.number == 1 { 3 } else { 10 };
        let (data, has_more) = behind(&all, after, size);
        ok(&json!({"object": "list", "has_more": has_more, "data": data}))
    })
    .await;
    let bench = Bench::new().await;
    let crawl = bench.crawl(&ascending(&upstream)).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!(bench.keys().await, keys(0..35).into_iter().collect::<BTreeSet<_>>());
    let left = all.lock().expect("not poisoned").clone();
    assert!(left.len() < 35);
    for _ in 0..2 {
        let crawl = bench.crawl(&ascending(&upstream)).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    }
    assert_eq!(bench.keys().await, left.into_iter().collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn a_refused_id_of_a_removed_item_costs_a_crawl_but_no_documents() {
    let upstream = Upstream::start(|request| {
        let after = request.query.get("starting_after");
        let mut all = keys(0..25);
        // The item is removed once it was served.
        if request.number > 1 {
            all.retain(|id| id != "k019");
        }
        if after.is_some_and(|after| !all.contains(after)) {
            return raw(404, r#"{"error": {"message": "No such charge"}}"#);
        }
        let (data, has_more) = behind(&all, after, 10);
        ok(&json!({"has_more": has_more, "data": data}))
    })
    .await;
    let (bench, config) = (Bench::new().await, ascending(&upstream));
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Failed);
    assert_eq!(bench.keys().await.len(), 20);
    assert_eq!(bench.crawl(&config).await.state, CrawlState::Failed);
    for _ in 0..2 {
        assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
    }
    assert_eq!(bench.keys().await.len(), 24);
}

#[tokio::test]
async fn the_newest_items_first_without_a_statement_of_the_end() {
    fn messages(request: &ReceivedRequest) -> Reply {
        let before = request.number_of("before").unwrap_or(usize::MAX);
        let limit = request.number_of("limit").expect("a limit");
        // A message arrives with each request.
        let all = (0..40 + request.number).rev().filter(|id| *id < before);
        ok(&all.take(limit).map(|id| json!({"id": id.to_string(), "content": "x"})).collect())
    }
    let upstream = Upstream::start(messages).await;
    let config = source(
        &upstream,
        r#"
        pagination = { kind = "cursor", cursor = "before", size = 10, next = "last:/id" }
        fields = { key = "/id", text = "/content" }
        "#,
    );
    let bench = Bench::new().await;
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!(bench.keys().await, (0..40).map(|id| id.to_string()).collect::<BTreeSet<_>>());
    let befores: Vec<_> = upstream.requests().iter().map(|request| request.number_of("before")).collect();
    // A second response has to confirm the end.
    assert_eq!(befores, [None, Some(30), Some(20), Some(10), Some(0), Some(0)]);
}

#[tokio::test]
async fn a_page_that_begins_with_the_last_item_before_ends_where_it_does_not_change() {
    fn posts(request: &ReceivedRequest) -> Reply {
        let start = request.query.get("startAt").map(|key| {
            let name = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
            name.expect("a quoted name").to_owned()
        });
        let names = keys(0..28).into_iter().filter(|name| start.as_ref().is_none_or(|start| name >= start));
        let page = names.take(request.number_of("limitToFirst").expect("a limit"));
        ok(&page.map(|name| (name, json!({"body": "x"}))).collect::<serde_json::Map<_, _>>().into())
    }
    let upstream = Upstream::start(posts).await;
    let config = source(
        &upstream,
        r##"
        items = "/*"
        pagination = { kind = "cursor", cursor = "startAt", cursor_format = '"{}"', limit = "limitToFirst", size = 10, next = "last:#" }
        fields = { key = "#", text = "/body" }
        "##,
    );
    let bench = Bench::new().await;
    for _ in 0..2 {
        let crawl = bench.crawl(&config).await;
        assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    }
    assert_eq!(bench.keys().await, keys(0..28).into_iter().collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn a_parameter_that_the_upstream_ignores_never_completes() {
    let upstream = Upstream::start(|_| ok(&json!((0..10).map(item).collect::<Vec<_>>()))).await;
    let config = source(
        &upstream,
        r#"
        pagination = { kind = "cursor", cursor = "after", size = 10, next = "last:/id" }
        fields = { key = "/id", text = "/message" }
        "#,
    );
    let bench = Bench::new().await;
    let crawl = bench.crawl(&config).await;
    assert_eq!(crawl.state, CrawlState::Incomplete);
    assert_eq!(bench.keys().await, first_keys(10));
}

#[tokio::test]
async fn items_without_the_cursor_are_an_error_that_names_the_setting() {
    let upstream = Upstream::start(|_| ok(&json!([item(1)]))).await;
    let config = source(
        &upstream,
        r#"
        max_attempts = 2
        pagination = { kind = "cursor", next = "last:/uuid" }
        fields = { key = "/id", text = "/message" }
        "#,
    );
    let crawl = Bench::new().await.crawl(&config).await;
    assert_eq!(crawl.state, CrawlState::Failed);
    let error = crawl.error.unwrap_or_default();
    assert!(error.contains("no item of the page has a text or number at /uuid: check `next`"), "{error}");
}

#[tokio::test]
async fn an_id_in_the_body_stays_a_number() {
    let upstream = Upstream::start(|request| {
        let filter = &request.json()["filter"]["id"]["$gt"];
        let after = filter.as_u64().expect("a number");
        ok(&json!({"documents": (after + 1..=after + 10).filter(|id| *id <= 25).map(|id| json!({"id": id, "text": "x"})).collect::<Vec<_>>()}))
    })
    .await;
    let config = source(
        &upstream,
        r#"
        method = "POST"
        body = { filter = { id = { "$gt" = 0 } }, sort = { id = 1 } }
        items = "/documents"
        pagination = { kind = "cursor", cursor = "/filter/id/$gt", limit = "/limit", size = 10, next = "last:/id" }
        fields = { key = "/id", text = "/text" }
        "#,
    );
    let bench = Bench::new().await;
    let crawl = bench.crawl(&config).await;
    assert_eq!((crawl.state, crawl.documents_seen), (CrawlState::Completed, 25));
}
