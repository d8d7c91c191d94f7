//! Requests as APIs expect them: credentials, bodies, links, headers, certificates and pauses.

mod auth;
mod body_paging;
mod causes;
mod credentials;
mod locators;
mod next_links;
mod pauses;
mod proxies;
mod tls;

use std::fmt::Display;

use quarry::config::{Environment, Overrides, Settings, SourceConfig};
use quarry::domain::{Crawl, CrawlState};
use serde_json::{Value, json};

use super::scripted::{ReceivedRequest, Reply, Upstream, item, items, ok, raw, with_header};
use super::{Bench, first_keys};

/// The items of each scripted list here.
const ITEMS: usize = 23;

/// Returns a source at `url` with these settings and variables.
fn source(url: impl Display, settings: &str, variables: &[(&str, &str)]) -> SourceConfig {
    let text = format!(
        r#"
        [[sources]]
        name = "messages"
        url = "{url}"
        items = "/items"
        delay = "0s"
        timeout = "5s"
        backoff = "1ms"
        max_backoff = "2ms"
        max_attempts = 3
        max_refusals = 1
        {settings}
        [sources.fields]
        key = "/id"
        text = "/message"
        "#
    );
    let environment = Environment::from_pairs(variables.iter().copied());
    let settings = Settings::from_text("settings", &text, &Overrides::default(), &environment);
    settings.unwrap_or_else(|error| panic!("{error}")).sources.crawled.remove(0)
}

/// Crawls a source, and expects each of the list's items.
async fn crawl_all(config: &SourceConfig) -> Bench {
    let bench = Bench::new().await;
    let crawl = bench.crawl(config).await;
    let failures = bench.failures(&crawl).await;
    assert_eq!((crawl.state, crawl.error.as_deref()), (CrawlState::Completed, None), "{failures:?}");
    assert_eq!(bench.keys().await, first_keys(ITEMS), "{failures:?}");
    bench
}

/// Crawls a source, and returns the crawl with the failures of its pages.
async fn crawl_failures(config: &SourceConfig) -> (Crawl, Vec<String>) {
    let bench = Bench::new().await;
    let crawl = bench.crawl(config).await;
    let failures = bench.failures(&crawl).await;
    (crawl, failures)
}

/// Returns the items from `start`, five at most, and the start of the next page.
fn slice(start: usize) -> (Vec<Value>, Option<usize>) {
    let end = (start + 5).min(ITEMS);
    let items = (start.min(end)..end).map(item).collect();
    (items, (end < ITEMS).then_some(end))
}

fn unauthorized() -> Reply {
    raw(401, "{\"error\": \"who are you?\"}")
}
