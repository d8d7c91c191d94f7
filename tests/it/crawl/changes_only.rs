//! Crawls that ask for changed items only.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use quarry::config::SourceConfig;
use quarry::crawl::StepOutcome;
use quarry::domain::{Crawl, CrawlState, Timestamp};
use serde_json::{Value, json};

use super::Bench;
use super::scripted::{Upstream, ok, source_of};

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
        source_of(&format!(
            r#"
            [[sources]]
            name = "messages"
            url = "{}"
            items = "/items"
            total = "/total"
            delay = "0s"
            backoff = "1ms"
            max_backoff = "4ms"
            pagination = {{ kind = "offset", size = 10 }}
            since = {{ param = "since", field = "/changed", overlap = "1h", full = "1day" }}
            [sources.fields]
            key = "/id"
            text = "/message"
            "#,
            self.upstream.url("/m")
        ))
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
