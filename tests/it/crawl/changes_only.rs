//! Crawls that ask for changed items only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use quarry::config::SourceConfig;
use quarry::crawl::{CrawlOptions, StepOutcome};
use quarry::domain::{Crawl, CrawlState, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::scripted::{Upstream, ok, raw, source_with, with_header};
use super::{Bench, finish};

/// A list whose items have a time of their last change, and an upstream that filters by it.
struct ChangingList {
    upstream: Upstream,
    items: Arc<Mutex<Vec<Value>>>,
}

fn item(number: usize, changed: &str) -> Value {
    json!({"id": format!("k{number}"), "message": format!("text of {changed}"), "changed": changed})
}

impl ChangingList {
    async fn start() -> Self {
        let list: Vec<Value> = (0..25).map(|number| item(number, "2026-05-01T10:00:00Z")).collect();
        let items = Arc::new(Mutex::new(list));
        let served = items.clone();
        let upstream = Upstream::start(move |request| {
            let since = request.query.get("since").cloned().unwrap_or_default();
            let all = served.lock().expect("not poisoned").clone();
            let total = all.len();
            let changed: Vec<Value> =
                all.into_iter().filter(|item| item["changed"].as_str() >= Some(&since)).collect();
            let start = request.number_of("skip").unwrap_or(0);
            let page: Vec<&Value> = changed.iter().skip(start).take(10).collect();
            // The total is that of all items.
            ok(&json!({"items": page, "total": total}))
        })
        .await;
        Self { upstream, items }
    }

    fn source(&self) -> SourceConfig {
        let settings = r#"
            total = "/total"
            pagination = { kind = "offset", size = 10 }
            since = { param = "since", field = "/changed", overlap = "1h", full = "1day" }
        "#;
        source_with(self.upstream.url("/m"), settings)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Value>)) {
        change(&mut self.items.lock().expect("not poisoned"));
    }

    /// Returns the values of `since` in the requests from `first` on.
    fn asked(&self, first: usize) -> Vec<Option<String>> {
        let mut asked: Vec<_> = self.upstream.requests()[first..]
            .iter()
            .map(|request| request.query.get("since").cloned())
            .collect();
        asked.dedup();
        asked
    }
}

/// Crawls as if it were `now`.
async fn crawl_at(bench: &Bench, config: &SourceConfig, now: Timestamp) -> Crawl {
    let mut crawler = bench.crawler(config);
    loop {
        if let StepOutcome::Finished { crawl, .. } = crawler.step(now).await.expect("a step") {
            return crawl;
        }
    }
}

#[tokio::test]
async fn later_crawls_ask_for_changes_and_full_ones_find_what_vanished() {
    let list = ChangingList::start().await;
    let (bench, config, now) = (Bench::new().await, list.source(), Utc::now());
    let crawl = crawl_at(&bench, &config, now).await;
    assert_eq!((crawl.state, crawl.inserted), (CrawlState::Completed, 25));
    assert_eq!(list.asked(0), [None]);

    // One changes, one is new, one vanishes.
    list.change(|items| {
        items[3] = item(3, "2026-05-02T09:30:00Z");
        items.push(item(30, "2026-05-02T08:00:00Z"));
        items.remove(7);
    });
    let before = list.upstream.requests().len();
    let crawl = crawl_at(&bench, &config, now + TimeDelta::hours(1)).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None));
    assert_eq!((crawl.inserted, crawl.updated, crawl.deleted), (1, 1, 0));
    assert_eq!(list.asked(before), [Some("2026-05-01T09:00:00Z".to_owned())], "less the overlap");

    // Nothing changes: the highest value stays.
    let before = list.upstream.requests().len();
    let crawl = crawl_at(&bench, &config, now + TimeDelta::hours(2)).await;
    assert_eq!((crawl.state, crawl.updated, crawl.deleted), (CrawlState::Completed, 0, 0));
    assert_eq!(list.asked(before), [Some("2026-05-02T08:30:00Z".to_owned())]);
    assert!(bench.keys().await.contains("k7"));

    // Two full crawls miss the vanished one; those between them prove nothing.
    for (hours, deleted) in [(25, 0), (26, 0), (50, 1)] {
        let before = list.upstream.requests().len();
        let crawl = crawl_at(&bench, &config, now + TimeDelta::hours(hours)).await;
        assert_eq!((crawl.state, crawl.deleted), (CrawlState::Completed, deleted), "{hours}");
        assert_eq!(list.asked(before)[0].is_none(), hours != 26, "{hours}");
    }
    assert!(!bench.keys().await.contains("k7"));
}

#[tokio::test]
async fn a_failed_crawl_leaves_the_value_to_the_next() {
    let list = ChangingList::start().await;
    let (bench, config, now) = (Bench::new().await, list.source(), Utc::now());
    crawl_at(&bench, &config, now).await;
    list.change(|items| items[3] = item(3, "2026-05-04T00:00:00Z"));
    let late = SourceConfig { max_duration: Duration::ZERO, ..config.clone() };
    let mut crawler = bench.crawler(&late);
    while !matches!(crawler.step(Utc::now()).await.expect("a step"), StepOutcome::Finished { .. }) {}
    let before = list.upstream.requests().len();
    let crawl = crawl_at(&bench, &config, now + TimeDelta::hours(1)).await;
    assert_eq!((crawl.state, crawl.updated), (CrawlState::Completed, 1));
    assert_eq!(list.asked(before), [Some("2026-05-01T09:00:00Z".to_owned())]);
}

/// Serves a list of this size as one page, with an entity tag.
async fn tagged_list(size: Arc<Mutex<usize>>) -> Upstream {
    Upstream::start(move |request| {
        let size = *size.lock().expect("not poisoned");
        let tag = format!("\"{size} items\"");
        if request.headers.get("if-none-match").is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            return raw(304, "");
        }
        let items: Vec<Value> = (0..size).map(|number| item(number, "2026-05-01")).collect();
        with_header(200, json!({"items": items, "total": size}).to_string(), "etag", &tag)
    })
    .await
}

#[tokio::test]
async fn a_list_whose_entity_tag_is_confirmed_is_not_read_again() {
    let size = Arc::new(Mutex::new(3));
    let upstream = tagged_list(size.clone()).await;
    let config = source_with(upstream.url("/m"), "pagination = { kind = \"none\" }");
    let bench = Bench::new().await;
    let crawl = |requests: usize| {
        let (bench, config, upstream) = (&bench, &config, &upstream);
        async move {
            let before = upstream.requests().len();
            let crawl = bench.crawl(config).await;
            assert_eq!((crawl.state, upstream.requests().len() - before), (CrawlState::Completed, requests));
            crawl
        }
    };
    assert_eq!(crawl(2).await.inserted, 3);
    for _ in 0..3 {
        let unchanged = crawl(1).await;
        assert_eq!((unchanged.pages_fetched, unchanged.deleted), (0, 0));
        assert!(unchanged.error.is_some_and(|note| note.contains("has not changed")));
    }
    // Only crawls that read the list prove that a document is gone: until then, they do.
    *size.lock().expect("not poisoned") = 2;
    assert_eq!(crawl(2).await.deleted, 0);
    assert_eq!(crawl(2).await.deleted, 1);
    assert_eq!(crawl(1).await.deleted, 0);
    assert_eq!(bench.keys().await.len(), 2);
}

#[tokio::test]
async fn a_shrunken_list_with_an_entity_tag_is_read_until_it_is_accepted() {
    let size = Arc::new(Mutex::new(20));
    let upstream = tagged_list(size.clone()).await;
    let config = source_with(upstream.url("/m"), "pagination = { kind = \"none\" }\ntotal = \"/total\"");
    let bench = Bench::new().await;
    assert_eq!(bench.crawl(&config).await.inserted, 20);
    *size.lock().expect("not poisoned") = 8;
    for _ in 0..3 {
        let kept = bench.crawl(&config).await;
        assert_eq!((kept.state, kept.deleted), (CrawlState::Completed, 0));
        assert!(kept.error.is_some_and(|note| note.contains("--allow-shrink")));
    }
    let options = CrawlOptions { allow_shrink: true, ..CrawlOptions::new(Uuid::from_u128(1)) };
    assert_eq!(finish(&mut bench.crawler_of(&config, options)).await.0.deleted, 12);
    let unchanged = bench.crawl(&config).await;
    assert_eq!((unchanged.pages_fetched, unchanged.deleted), (0, 0));
}

#[tokio::test]
async fn a_time_is_sent_in_the_format_of_its_field() {
    for (changed, expected) in [
        (json!(1_777_629_600.25), "1777626000.25"),
        (json!("1777629600.25"), "1777626000.25"),
        (json!("2026-05-01 10:00:00"), "2026-05-01 09:00:00"),
        (json!("20260501100000"), "20260501090000"),
        (json!("Fri, 01 May 2026 10:00:00 +0000"), "Fri, 01 May 2026 09:00:00 +0000"),
    ] {
        let upstream = Upstream::start(move |request| {
            let start = request.number_of("skip").unwrap_or(0);
            let item = |number: usize| json!({"id": number, "message": "text", "changed": changed});
            ok(&json!({"items": (start..3).map(item).collect::<Vec<_>>()}))
        })
        .await;
        let settings = "pagination = { kind = \"offset\", size = 10 }\n\
                        since = { param = \"since\", field = \"/changed\", overlap = \"1h\" }";
        let (bench, config) = (Bench::new().await, source_with(upstream.url("/m"), settings));
        for _ in 0..2 {
            assert_eq!(bench.crawl(&config).await.state, CrawlState::Completed);
        }
        let last = upstream.requests().pop().expect("a request");
        assert_eq!(last.query.get("since").map(String::as_str), Some(expected));
    }
}
